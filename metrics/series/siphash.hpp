#pragma once

#include <cstdint>

#include "classifiers/base/byte_reader.hpp"

namespace octroi {

struct SipKey {
    std::uint64_t low = 0;  ///< octets 0 to 7, the first one lowest
    std::uint64_t high = 0;
};

/// SipHash-2-4 (Aumasson and Bernstein 2012): who does not know the key can't tell, nor choose,
/// what a text hashes to.
[[nodiscard]] std::uint64_t siphash(const SipKey& key, Bytes text);

}  // namespace octroi
