#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace octroi {

/// How far the service of a flow can be relied on.
enum class Strength : std::uint8_t {
    none,        ///< nothing identifies it
    guessed,     ///< by what else the client does at the time: permits, and refuses nothing
    correlated,  ///< by another flow of the same client, a DNS answer for example
    observed,    ///< by a name or a signature in the flow itself
    certain      ///< by an address that belongs to the service alone
};

inline constexpr std::array<std::string_view, 5> strength_names = {"none", "guessed", "correlated",
                                                                   "observed", "certain"};

inline constexpr std::size_t strength_count = strength_names.size();

[[nodiscard]] constexpr std::string_view to_string(Strength strength) {
    return strength_names[static_cast<std::size_t>(strength)];
}

}  // namespace octroi
