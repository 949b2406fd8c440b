#pragma once

#include <chrono>
#include <cstdint>

namespace octroi {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// Whole seconds since 1970.
[[nodiscard]] inline std::int64_t unix_seconds(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace octroi
