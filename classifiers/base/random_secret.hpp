#pragma once

#include <cstdint>
#include <random>

namespace octroi {

/// For keys of a hash that nobody outside the process may foresee.
[[nodiscard]] inline std::uint64_t random_secret() {
    std::random_device device;
    return std::uint64_t{device()} << 32U | device();
}

}  // namespace octroi
