#pragma once

#include <cstdint>
#include <optional>

#include "classifiers/base/byte_reader.hpp"

namespace octroi::tcp {

/// What the options of a segment tell of whether its receiver takes it.
struct Options {
    bool signed_segment = false;             ///< MD5 signature (RFC 2385) or TCP-AO (RFC 5925)
    std::optional<std::uint32_t> timestamp;  ///< TSval (RFC 7323 3.2)
};

/// Reads the options between the fixed header and the data of `segment`, a transport header with
/// what follows it. What is malformed ends the list, as in Linux (RFC 9293 3.1). No allocation,
/// 40 octets at most.
[[nodiscard]] Options read_options(Bytes segment);

}  // namespace octroi::tcp
