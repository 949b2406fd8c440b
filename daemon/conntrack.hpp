#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "daemon/mark.hpp"

namespace octroi {

/// Moves the connections that still carry `generation` from a full turn of the ring ago to
/// `stale_generation`, so that the kernel does not take their old decisions for new ones when
/// `generation` comes into force again. Returns how many there were. O(connections), in the kernel.
[[nodiscard]] std::expected<std::size_t, std::string> retire_generation(
    const MarkLayout& layout, std::uint8_t generation, std::uint8_t stale_generation);

}  // namespace octroi
