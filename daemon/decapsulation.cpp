#include "daemon/decapsulation.hpp"

#include <optional>

#include "classifiers/packet.hpp"
#include "daemon/link_layer.hpp"

namespace octroi {
namespace {

constexpr int max_depth = 4;

constexpr std::uint8_t protocol_ipv4 = 4;
constexpr std::uint8_t protocol_ipv6 = 41;
constexpr std::uint8_t protocol_gre = 47;

constexpr std::uint16_t port_gtp_user = 2152;
constexpr std::uint16_t port_teredo = 3544;
constexpr std::uint16_t port_vxlan = 4789;

constexpr std::uint16_t ethertype_bridged = 0x6558;

std::optional<Bytes> in_ethernet(ByteReader reader) {
    reader.bytes(12);
    const std::uint16_t type = reader.u16();
    return after_ethertype(reader, type);
}

// RFC 2784 2, RFC 2890 2: checksum, key and sequence number where their bits say so.
std::optional<Bytes> in_gre(ByteReader reader) {
    const std::uint16_t flags = reader.u16();
    const std::uint16_t type = reader.u16();
    for (const unsigned bit : {0x8000U, 0x2000U, 0x1000U})
        if ((flags & bit) != 0)
            reader.u32();
    return type == ethertype_bridged ? in_ethernet(reader) : after_ethertype(reader, type);
}

// TS 29.281 5.1: a G-PDU (message type 255), four octets more where a flag is set, then extension
// headers in units of 4 octets.
std::optional<Bytes> in_gtp(ByteReader reader) {
    const std::uint8_t flags = reader.u8();
    const std::uint8_t type = reader.u8();
    reader.bytes(6);  // length, tunnel endpoint
    if ((flags & 0xf0U) != 0x30 || type != 255)
        return std::nullopt;
    if ((flags & 0x07U) == 0)
        return reader.rest();
    reader.bytes(3);  // sequence number, N-PDU number
    std::uint8_t next = reader.u8();
    while (next != 0 && reader.ok()) {
        const std::size_t size = reader.u8() * std::size_t{4};
        if (size < 4)
            return std::nullopt;
        reader.bytes(size - 2);
        next = reader.u8();
    }
    return reader.rest();
}

std::optional<Bytes> in_vxlan(ByteReader reader) {
    const bool valid = (reader.u8() & 0x08U) != 0;  // RFC 7348 5: the network identifier is there
    reader.bytes(7);
    return valid ? in_ethernet(reader) : std::nullopt;
}

std::optional<Bytes> inside(const Packet& packet) {
    const ByteReader reader(packet.payload);
    switch (static_cast<std::uint8_t>(packet.key.protocol())) {
        case protocol_ipv4:
        case protocol_ipv6:
            return packet.payload;
        case protocol_gre:
            return in_gre(reader);
        default:
            break;
    }
    if (packet.key.protocol() != Protocol::udp)
        return std::nullopt;
    const auto on = [&](std::uint16_t port) {
        return packet.source().port == port || packet.destination().port == port;
    };
    if (on(port_gtp_user))
        return in_gtp(reader);
    if (on(port_vxlan))
        return in_vxlan(reader);
    return on(port_teredo) ? std::optional(packet.payload) : std::nullopt;
}

}  // namespace

Bytes innermost_packet(Bytes ip_packet) {
    for (int depth = 0; depth < max_depth; ++depth) {
        const auto outer = decode_packet(ip_packet, {});
        const auto inner = outer ? inside(*outer) : std::nullopt;
        if (!inner || !decode_packet(*inner, {}))
            return ip_packet;
        ip_packet = *inner;
    }
    return ip_packet;
}

}  // namespace octroi
