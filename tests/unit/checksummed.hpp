#pragma once

#include "classifiers/net/checksums.hpp"
#include "tests/unit/wire.hpp"

namespace octroi {

/// Where the checksum of a TCP or UDP packet stands.
[[nodiscard]] inline std::size_t checksum_place(const Packet& packet, const wire::Buffer& octets) {
    const auto segment = static_cast<std::size_t>(packet.segment.data() - octets.data());
    return segment + (packet.key.protocol() == Protocol::tcp ? 16 : 6);
}

inline void put_checksum(wire::Buffer& octets, std::size_t place, std::uint16_t value) {
    octets[place] = static_cast<std::uint8_t>(value >> 8U);
    octets[place + 1] = static_cast<std::uint8_t>(value);
}

/// The sum of the pseudo-header (RFC 9293 3.1, RFC 8200 8.1).
[[nodiscard]] inline std::uint64_t pseudo_sum(const Packet& packet, bool with_length) {
    const std::size_t skipped = packet.is_v4() ? 12 : 0;
    std::uint64_t sum = static_cast<std::uint8_t>(packet.key.protocol());
    sum += with_length ? packet.segment.size() : 0;
    sum = add_octets(sum, Bytes(packet.source().address.bytes).subspan(skipped));
    return add_octets(sum, Bytes(packet.destination().address.bytes).subspan(skipped));
}

/// `octets`, an IP packet with TCP or UDP, with its checksums.
[[nodiscard]] inline wire::Buffer checksummed(wire::Buffer octets) {
    const Packet packet = decode_packet(octets, {}).value();
    const std::size_t place = checksum_place(packet, octets);
    put_checksum(octets, place, 0);
    const std::uint64_t sum = add_octets(pseudo_sum(packet, true), packet.segment);
    put_checksum(octets, place, static_cast<std::uint16_t>(~folded(sum)));
    if (packet.is_v4()) {
        put_checksum(octets, 10, 0);
        const Bytes header = Bytes(octets).first((octets[0] & 0x0fU) * std::size_t{4});
        put_checksum(octets, 10, static_cast<std::uint16_t>(~folded(add_octets(0, header))));
    }
    return octets;
}

/// `octets` with the sum that waits for a network card.
[[nodiscard]] inline wire::Buffer half_checksummed(wire::Buffer octets, bool with_length) {
    octets = checksummed(std::move(octets));
    const Packet packet = decode_packet(octets, {}).value();
    put_checksum(octets, checksum_place(packet, octets), folded(pseudo_sum(packet, with_length)));
    return octets;
}

}  // namespace octroi
