#pragma once

#include <cstdint>

namespace octroi {

/// When an accepted flow leaves user space (a refused one leaves at once).
enum class Observe : std::uint8_t {
    decided,  ///< at the decision
    full,     ///< when its service is settled too, so that exempted use is counted
    to_end    ///< never before its inspection ended: replay
};

}  // namespace octroi
