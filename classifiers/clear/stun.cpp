#include "classifiers/clear/stun.hpp"

#include <algorithm>
#include <array>

namespace octroi::stun {
namespace {

constexpr std::uint32_t magic_cookie = 0x2112a442;  // RFC 8489 5
constexpr std::size_t header_size = 20;

enum Attribute : std::uint16_t {
    xor_peer_address = 0x0012,  // RFC 8656 18
    realm = 0x0014,
    priority = 0x0024,  // RFC 8445 16.1
    software = 0x8022,
    ice_controlled = 0x8029,
    ice_controlling = 0x802a,
    zoom_probe = 0x0101,
    whatsapp_token = 0x4000,
    whatsapp_relay = 0x4001,
    whatsapp_answer = 0x4002
};

// [MS-TURN] 2.2.2 and [MS-ICE2] 2.2.3: version, service quality, candidate identifier, multiplexed
// session, implementation version and what Teams clients add to their connectivity checks.
constexpr std::array<std::uint16_t, 9> microsoft_attributes = {
    0x8008, 0x8036, 0x8037, 0x8054, 0x8055, 0x8068, 0x8070, 0x8090, 0x8095};

// RFC 8489 14.2, 14.3: port and address are XORed with the cookie and the transaction id.
std::optional<Endpoint> read_xor_address(ByteReader value, Bytes transaction) {
    value.u8();
    const std::uint8_t family = value.u8();
    Endpoint endpoint;
    endpoint.port = static_cast<std::uint16_t>(value.u16() ^ (magic_cookie >> 16U));
    const std::size_t size = family == 1 ? 4 : 16;
    const Bytes masked = value.bytes(size);
    if (!value.ok() || (family != 1 && family != 2))
        return std::nullopt;
    std::array<std::uint8_t, Address::size> clear{};
    for (std::size_t i = 0; i < size; ++i)
        clear[i] = masked[i] ^ transaction[i];
    endpoint.address =
        family == 1 ? v4_address({clear[0], clear[1], clear[2], clear[3]}) : Address{clear};
    return endpoint;
}

void read_attribute(Message& message, std::uint16_t type, Bytes value, Bytes transaction) {
    switch (type) {
        case Attribute::realm:
            message.realm = value;
            break;
        case Attribute::software:
            message.software = value;
            break;
        case Attribute::xor_peer_address:
            if (!message.peer)
                message.peer = read_xor_address(ByteReader(value), transaction);
            break;
        case Attribute::priority:
        case Attribute::ice_controlled:
        case Attribute::ice_controlling:
            message.ice = true;
            break;
        case Attribute::whatsapp_token:
        case Attribute::whatsapp_relay:
        case Attribute::whatsapp_answer:
            message.whatsapp = true;
            break;
        case Attribute::zoom_probe:
            message.zoom = value.size() == 20;
            break;
        default:
            message.microsoft =
                message.microsoft ||
                std::ranges::find(microsoft_attributes, type) != microsoft_attributes.end();
    }
}

}  // namespace

std::optional<Message> parse(Bytes datagram) {
    ByteReader reader(datagram);
    Message message;
    message.type = reader.u16();
    const std::uint16_t length = reader.u16();
    const Bytes transaction = reader.rest().first(std::min<std::size_t>(reader.rest().size(), 16));
    message.classic = reader.u32() != magic_cookie;
    reader.bytes(12);
    // RFC 8489 5: the two high bits are 0. The length is a multiple of 4, but for WhatsApp.
    if (!reader.ok() || message.type >= 0x4000 || reader.rest().size() < length)
        return std::nullopt;
    if (message.classic && (reader.rest().size() != length || length == 0 || length % 4 != 0))
        return std::nullopt;
    ByteReader attributes = reader.nested(length);
    while (attributes.ok() && !attributes.empty()) {
        const std::uint16_t type = attributes.u16();
        const std::size_t size = attributes.u16();
        const Bytes value = attributes.bytes(size);
        const std::size_t padding = (4 - size % 4) % 4;  // RFC 8489 14: padded to 4 octets
        attributes.bytes(std::min(padding, attributes.rest().size()));
        if (attributes.ok())
            read_attribute(message, type, value, transaction);
    }
    if (message.classic && !attributes.ok())
        return std::nullopt;
    return message;
}

bool asks_for_peer(const Message& message) {
    constexpr std::uint16_t create_permission = 0x0008;
    constexpr std::uint16_t channel_bind = 0x0009;
    constexpr std::uint16_t send = 0x0016;
    return message.peer && (message.type == create_permission || message.type == channel_bind ||
                            message.type == send);
}

std::optional<std::size_t> stream_message_size(Bytes stream) {
    ByteReader reader(stream);
    const std::uint16_t type = reader.u16();
    const std::size_t length = reader.u16();
    const std::uint32_t cookie = reader.u32();
    if (!reader.ok() || type >= 0x4000 || cookie != magic_cookie || length % 4 != 0)
        return std::nullopt;
    return header_size + length;
}

}  // namespace octroi::stun
