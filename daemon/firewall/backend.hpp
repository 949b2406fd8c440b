#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace octroi {

/// Which program writes octroi's rules into the kernel.
enum class Backend : std::uint8_t { iptables, nft };

inline constexpr std::array<std::string_view, 2> backend_words = {"iptables", "nft"};

[[nodiscard]] constexpr std::string_view to_string(Backend backend) {
    return backend_words.at(static_cast<std::size_t>(backend));
}

}  // namespace octroi
