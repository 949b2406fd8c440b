#include "classifiers/net/packet.hpp"

#include <algorithm>

namespace octroi {
namespace {

constexpr std::size_t max_extension_headers = 8;

struct IpHeader {
    Address source;
    Address destination;
    Protocol protocol{};
    Bytes payload;
    std::uint32_t length = 0;
    std::uint8_t hop_limit = 0;
};

Address read_v4(ByteReader& reader) {
    std::array<std::uint8_t, 4> octets{};
    std::ranges::copy(reader.bytes(octets.size()), octets.begin());
    return v4_address(octets);
}

Address read_v6(ByteReader& reader) {
    Address address;
    std::ranges::copy(reader.bytes(Address::size), address.bytes.begin());
    return address;
}

// RFC 791 3.1. A total length of 0 comes from captures taken before segmentation offload.
std::expected<IpHeader, DecodeError> decode_v4(Bytes packet) {
    ByteReader reader(packet);
    const std::size_t header_length = (reader.u8() & 0x0fU) * std::size_t{4};
    reader.u8();  // DSCP, ECN
    const std::uint16_t announced = reader.u16();
    reader.u16();  // identification
    const unsigned fragment_offset = reader.u16() & 0x1fffU;
    const std::uint8_t time_to_live = reader.u8();
    const auto protocol = static_cast<Protocol>(reader.u8());
    reader.u16();  // header checksum
    IpHeader header{.source = read_v4(reader),
                    .destination = read_v4(reader),
                    .protocol = protocol,
                    .hop_limit = time_to_live};
    if (!reader.ok() || packet.size() < header_length)
        return std::unexpected(DecodeError::truncated);
    const std::size_t total = announced == 0 ? packet.size() : announced;
    if (header_length < 20 || total < header_length)
        return std::unexpected(DecodeError::bad_length);
    if (fragment_offset != 0)
        return std::unexpected(DecodeError::later_fragment);
    header.length = static_cast<std::uint32_t>(total);
    header.payload = packet.first(std::min(total, packet.size())).subspan(header_length);
    return header;
}

// Hop-by-hop, routing, destination options, mobility, HIP, shim6: next header, length in 8 octets
// without the first 8 (RFC 8200 4, RFC 7045).
bool is_plain_extension(std::uint8_t type) {
    return type == 0 || type == 43 || type == 60 || type == 135 || type == 139 || type == 140;
}

constexpr std::uint8_t fragment_header = 44;        // RFC 8200 4.5
constexpr std::uint8_t authentication_header = 51;  // RFC 4302 2: length in 4 octets, minus 2

std::expected<IpHeader, DecodeError> skip_extensions(IpHeader header, std::uint8_t type) {
    ByteReader reader(header.payload);
    for (std::size_t count = 0;; ++count) {
        const bool plain = is_plain_extension(type);
        if (!plain && type != fragment_header && type != authentication_header)
            break;
        if (count == max_extension_headers)
            return std::unexpected(DecodeError::extension_headers);
        const std::uint8_t next = reader.u8();
        const std::size_t length = reader.u8();
        if (type == fragment_header) {
            if ((reader.u16() & 0xfff8U) != 0)
                return std::unexpected(DecodeError::later_fragment);
            reader.u32();  // identification
        } else {
            reader.bytes(plain ? length * 8 + 6 : (length + 2) * 4 - 2);
        }
        if (!reader.ok())
            return std::unexpected(DecodeError::truncated);
        type = next;
    }
    header.protocol = static_cast<Protocol>(type);
    header.payload = reader.rest();
    return header;
}

// RFC 8200 3. A payload length of 0 is a jumbogram or an offloaded packet: take what is there.
std::expected<IpHeader, DecodeError> decode_v6(Bytes packet) {
    ByteReader reader(packet);
    reader.u32();  // version, traffic class, flow label
    const std::uint16_t announced = reader.u16();
    const std::uint8_t next_header = reader.u8();
    const std::uint8_t hop_limit = reader.u8();
    IpHeader header{
        .source = read_v6(reader), .destination = read_v6(reader), .hop_limit = hop_limit};
    if (!reader.ok())
        return std::unexpected(DecodeError::truncated);
    const Bytes rest = reader.rest();
    header.payload =
        rest.first(announced == 0 ? rest.size() : std::min<std::size_t>(announced, rest.size()));
    header.length = static_cast<std::uint32_t>(packet.size() - rest.size() + header.payload.size());
    return skip_extensions(header, next_header);
}

struct Ports {
    std::uint16_t source = 0;
    std::uint16_t destination = 0;
};

// RFC 9293 3.1
std::expected<Ports, DecodeError> decode_tcp(Packet& packet, Bytes segment) {
    ByteReader reader(segment);
    const Ports ports{.source = reader.u16(), .destination = reader.u16()};
    packet.tcp.sequence = reader.u32();
    packet.tcp.acknowledgement = reader.u32();
    const std::size_t header_length = (reader.u8() >> 4U) * std::size_t{4};
    const std::uint8_t flags = reader.u8();
    packet.tcp.fin = (flags & 0x01U) != 0;
    packet.tcp.syn = (flags & 0x02U) != 0;
    packet.tcp.rst = (flags & 0x04U) != 0;
    packet.tcp.ack = (flags & 0x10U) != 0;
    reader.bytes(4);  // window, checksum
    const std::uint16_t urgent_pointer = reader.u16();
    // Linux takes a pointer of 0 for one of 1.
    packet.tcp.urgent =
        (flags & 0x20U) != 0 ? std::max<std::uint16_t>(urgent_pointer, 1) : std::uint16_t{0};
    if (!reader.ok() || segment.size() < header_length)
        return std::unexpected(DecodeError::truncated);
    if (header_length < 20)
        return std::unexpected(DecodeError::bad_length);
    packet.payload = segment.subspan(header_length);
    return ports;
}

// RFC 768. A length of 0 is a jumbogram (RFC 2675 4): take what is there.
std::expected<Ports, DecodeError> decode_udp(Packet& packet, Bytes datagram) {
    ByteReader reader(datagram);
    const Ports ports{.source = reader.u16(), .destination = reader.u16()};
    const std::size_t length = reader.u16();
    reader.u16();  // checksum
    if (!reader.ok())
        return std::unexpected(DecodeError::truncated);
    if (length != 0 && length < 8)
        return std::unexpected(DecodeError::bad_length);
    packet.payload = reader.rest();
    if (length != 0)
        packet.payload = packet.payload.first(std::min(length - 8, packet.payload.size()));
    return ports;
}

// Echo messages are a flow of their own, by identifier; errors speak about another flow.
std::expected<Ports, DecodeError> decode_icmp(Packet& packet, Bytes message, Protocol protocol) {
    ByteReader reader(message);
    const std::uint8_t type = reader.u8();
    reader.bytes(3);  // code, checksum
    const std::uint16_t identifier = reader.u16();
    reader.u16();  // sequence number
    if (!reader.ok())
        return std::unexpected(DecodeError::truncated);
    packet.payload = reader.rest();
    const bool v6 = protocol == Protocol::icmpv6;
    packet.icmp_error =
        v6 ? type < 128 : type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    const bool echo = v6 ? type == 128 || type == 129 : type == 8 || type == 0;
    if (!echo)
        return Ports{};
    return Ports{.source = identifier, .destination = identifier};
}

std::expected<Ports, DecodeError> decode_transport(Packet& packet, const IpHeader& header) {
    switch (header.protocol) {
        case Protocol::tcp:
            return decode_tcp(packet, header.payload);
        case Protocol::udp:
            return decode_udp(packet, header.payload);
        case Protocol::icmp:
        case Protocol::icmpv6:
            return decode_icmp(packet, header.payload, header.protocol);
    }
    packet.payload = header.payload;
    return Ports{};
}

}  // namespace

std::expected<Packet, DecodeError> decode_packet(Bytes ip_packet, const PacketContext& context) {
    if (ip_packet.empty())
        return std::unexpected(DecodeError::truncated);
    const unsigned version = ip_packet.front() >> 4U;
    if (version != 4 && version != 6)
        return std::unexpected(DecodeError::not_ip);
    const auto header = version == 4 ? decode_v4(ip_packet) : decode_v6(ip_packet);
    if (!header)
        return std::unexpected(header.error());
    Packet packet{.context = context, .length = header->length, .hop_limit = header->hop_limit};
    packet.segment = header->payload;
    const auto ports = decode_transport(packet, *header);
    if (!ports)
        return std::unexpected(ports.error());
    const Endpoint source{.address = header->source, .port = ports->source};
    const Endpoint destination{.address = header->destination, .port = ports->destination};
    packet.key = FlowKey(header->protocol, source, destination);
    packet.direction = packet.key.low() == source ? Direction::low_to_high : Direction::high_to_low;
    return packet;
}

}  // namespace octroi
