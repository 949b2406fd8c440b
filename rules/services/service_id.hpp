#pragma once

#include <cstdint>

namespace octroi {

/// Stable number of a service, 1 to 2047; it goes into the conntrack mark. 0 means no service.
using ServiceId = std::uint16_t;

inline constexpr ServiceId no_service = 0;
inline constexpr ServiceId max_service_id = 2047;

}  // namespace octroi
