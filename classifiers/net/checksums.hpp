#pragma once

#include <cstdint>

#include "classifiers/net/packet.hpp"

namespace octroi {

/// What a checksum says of what it covers.
enum class Checksum : std::uint8_t {
    unknown,  ///< there is none, it is the network card's to fill in, or octets are missing
    right,
    wrong
};

/// The checksums of a packet: of its IPv4 header, and of TCP or UDP.
struct Checksums {
    Checksum header{};
    Checksum transport{};
};

/// The ones' complement sum of `octets` on top of `sum`, not folded (RFC 1071).
[[nodiscard]] std::uint64_t add_octets(std::uint64_t sum, Bytes octets);

/// `sum` in 16 bits.
[[nodiscard]] std::uint16_t folded(std::uint64_t sum);

/// Verifies `packet`, decoded from `ip_packet`. A packet that waits for a network card's checksum
/// holds the sum of its pseudo-header (Linux, also in packets that GRO merged), with or without the
/// length in it, others hold 0; such a one is `unknown`, and so is UDP without a checksum.
[[nodiscard]] Checksums checksums_of(const Packet& packet, Bytes ip_packet);

}  // namespace octroi
