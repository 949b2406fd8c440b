#include "classifiers/net/checksums.hpp"

#include <algorithm>

namespace octroi {
namespace {

constexpr std::size_t v4_header = 20;
constexpr std::size_t ipv6_header = 40;

std::size_t u16_at(Bytes octets, std::size_t place) {
    return std::size_t{octets[place]} << 8U | octets[place + 1];
}

// Whether the packet is as long as it says; one that names no length is a network card's to cut.
bool is_whole(Bytes ip_packet, bool v4) {
    if (v4) {
        const std::size_t total = u16_at(ip_packet, 2);
        return total != 0 && total <= ip_packet.size();
    }
    const std::size_t payload = u16_at(ip_packet, 4);
    return payload != 0 && payload <= ip_packet.size() - ipv6_header;
}

// RFC 8200 8.1: with segments left, the checksum speaks of another destination than the header.
bool is_source_routed(Bytes ip_packet, Bytes segment) {
    constexpr std::uint8_t routing = 43;
    constexpr std::uint8_t fragment = 44;
    constexpr std::uint8_t authentication = 51;
    const auto end = static_cast<std::size_t>(segment.data() - ip_packet.data());
    std::uint8_t type = ip_packet[6];
    for (std::size_t at = ipv6_header; at + 8 <= end;) {
        if (type == routing && ip_packet[at + 3] != 0)
            return true;
        const std::size_t units = type == fragment ? 0 : ip_packet[at + 1];
        const std::size_t size = type == authentication ? (units + 2) * 4 : (units + 1) * 8;
        type = ip_packet[at];
        at += size;
    }
    return false;
}

// RFC 9293 3.1, RFC 8200 8.1, without the length.
std::uint64_t pseudo_header(const Packet& packet, bool v4) {
    const auto octets_of = [v4](const Address& address) {
        return Bytes(address.bytes).subspan(v4 ? Address::size - 4 : 0);
    };
    const std::uint64_t protocol = static_cast<std::uint8_t>(packet.key.protocol());
    return add_octets(add_octets(protocol, octets_of(packet.source().address)),
                      octets_of(packet.destination().address));
}

// `start`: the sum of what stands in no octet. A field that the capture left empty holds 0.
Checksum verified(std::uint64_t start, Bytes covered, std::size_t field) {
    if (folded(add_octets(start, covered)) == 0xffff)
        return Checksum::right;
    return u16_at(covered, field) == 0 ? Checksum::unknown : Checksum::wrong;
}

// What a network card is to complete holds the sum of the pseudo-header alone.
Checksum verified_transport(std::uint64_t pseudo, Bytes covered, std::size_t field) {
    const std::uint64_t with_length = pseudo + covered.size();
    const std::size_t value = u16_at(covered, field);
    const Checksum found = verified(with_length, covered, field);
    const bool partial = value == folded(with_length) || value == folded(pseudo);
    return found == Checksum::wrong && partial ? Checksum::unknown : found;
}

Checksum udp_checksum(const Packet& packet, bool v4) {
    const std::size_t length = u16_at(packet.segment, 4);
    if (length < 8 || length > packet.segment.size())
        return Checksum::unknown;
    return verified_transport(pseudo_header(packet, v4), packet.segment.first(length), 6);
}

}  // namespace

std::uint64_t add_octets(std::uint64_t sum, Bytes octets) {
    std::size_t i = 0;
    for (; i + 1 < octets.size(); i += 2)
        sum += u16_at(octets, i);
    return i < octets.size() ? sum + (std::uint64_t{octets[i]} << 8U) : sum;
}

std::uint16_t folded(std::uint64_t sum) {
    while (sum > 0xffff)
        sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(sum);
}

Checksums checksums_of(const Packet& packet, Bytes ip_packet) {
    const bool v4 = ip_packet.front() >> 4U == 4;
    Checksums found;
    if (v4) {
        const Bytes header = ip_packet.first((ip_packet[0] & 0x0fU) * std::size_t{4});
        found.header = verified(0, header, 10);
    }
    if (!is_whole(ip_packet, v4) || (!v4 && is_source_routed(ip_packet, packet.segment)))
        return found;
    if (packet.key.protocol() == Protocol::tcp)
        found.transport = verified_transport(pseudo_header(packet, v4), packet.segment, 16);
    else if (packet.key.protocol() == Protocol::udp)
        found.transport = udp_checksum(packet, v4);
    return found;
}

}  // namespace octroi
