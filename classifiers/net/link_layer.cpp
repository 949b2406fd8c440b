#include "classifiers/net/link_layer.hpp"

#include <algorithm>
#include <array>

namespace octroi {
namespace {

constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t ethertype_ipv6 = 0x86dd;
constexpr std::uint16_t cisco_metadata = 0x8909;
constexpr std::uint16_t largest_length = 1500;  // IEEE 802.3: a larger number is an EtherType
constexpr int max_tags = 4;
constexpr int max_labels = 16;

bool is_tag(std::uint16_t type) {
    return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == cisco_metadata;
}

// A frame that ends with its header holds no packet.
std::optional<Bytes> rest_of(const ByteReader& reader) {
    return reader.ok() && !reader.empty() ? std::optional(reader.rest()) : std::nullopt;
}

// Whether octets of unknown kind begin like an IP packet that is all there.
bool is_whole_ip(Bytes octets) {
    if (octets.size() < 20)
        return false;
    const unsigned version = octets[0] >> 4U;
    const std::size_t at = version == 4 ? 2 : 4;
    const std::size_t length = std::size_t{octets[at]} << 8U | octets[at + 1];
    if (version == 4)
        return (octets[0] & 0x0fU) >= 5 && length >= 20 && length <= octets.size();
    return version == 6 && octets.size() >= 40 && length <= octets.size() - 40;
}

bool begins_like_ip(const std::optional<Bytes>& packet) {
    return packet && (packet->front() >> 4U == 4 || packet->front() >> 4U == 6);
}

// RFC 4448 4: Ethernet behind a control word that begins with four zero bits, or at once. An
// address of Ethernet's may begin like a control word or like IP.
std::optional<Bytes> in_pseudowire(ByteReader reader, int depth) {
    const Bytes rest = reader.rest();
    if (rest.empty() || is_whole_ip(rest))
        return rest_of(reader);
    if (rest.front() >> 4U == 0) {
        ByteReader behind(rest);
        behind.u32();
        const auto packet = in_ethernet(behind, depth);
        if (begins_like_ip(packet))
            return packet;
    }
    const auto packet = in_ethernet(reader, depth);
    if (begins_like_ip(packet))
        return packet;
    // A packet that the capture cut short.
    return begins_like_ip(rest) ? rest_of(reader) : std::nullopt;
}

// RFC 2516 4: version and type 1, code 0; session, length.
std::optional<Bytes> in_pppoe(ByteReader reader, int /*depth*/) {
    const std::uint16_t begin = reader.u16();
    reader.u32();
    return begin == 0x1100 ? in_ppp(reader) : std::nullopt;
}

// IEEE 802.1Q 9.7: the service instance's tag, then the customer's frame.
std::optional<Bytes> in_backbone(ByteReader reader, int depth) {
    reader.u32();
    return in_ethernet(reader, depth);
}

// RFC 8300 2.2: the length counts words of four octets.
std::optional<Bytes> in_service_header(ByteReader reader, int depth) {
    const std::size_t words = reader.u16() & 0x3fU;
    reader.u8();  // metadata type
    const std::uint8_t next = reader.u8();
    if (words < 2)
        return std::nullopt;
    reader.bytes(words * 4 - 4);
    return after_next_protocol(reader, next, depth);
}

struct Layer {
    std::uint16_t type;
    std::optional<Bytes> (*unwrap)(ByteReader, int depth);
};

constexpr std::array layers = {
    Layer{.type = 0x6558, .unwrap = in_ethernet},  // transparent Ethernet bridging
    Layer{.type = 0x8847, .unwrap = in_mpls},
    Layer{.type = 0x8848, .unwrap = in_mpls},
    Layer{.type = 0x8864, .unwrap = in_pppoe},
    Layer{.type = 0x88e7, .unwrap = in_backbone},
    Layer{.type = 0x894f, .unwrap = in_service_header},
};

// RFC 1042: LLC 0xaaaa03, an organisation of zeros or IEEE 802.1H's, an EtherType.
std::optional<Bytes> in_llc(ByteReader reader, int depth) {
    const std::uint32_t llc = reader.u24();
    const std::uint32_t organisation = reader.u24();
    const std::uint16_t type = reader.u16();
    if (llc != 0xaaaa03 || (organisation != 0 && organisation != 0x0000f8))
        return std::nullopt;
    return after_ethertype(reader, type, depth);
}

}  // namespace

std::optional<Bytes> in_mpls(ByteReader reader, int depth) {
    for (int i = 0; i < max_labels && reader.ok(); ++i)
        if ((reader.u32() & 0x100U) != 0)  // RFC 3032 2.1: the bottom of the stack
            return in_pseudowire(reader, depth);
    return std::nullopt;
}

std::optional<Bytes> in_ethernet(ByteReader reader, int depth) {
    reader.bytes(12);
    const std::uint16_t type = reader.u16();
    return type <= largest_length ? in_llc(reader, depth) : after_ethertype(reader, type, depth);
}

std::optional<Bytes> after_next_protocol(ByteReader reader, std::uint8_t next, int depth) {
    switch (next) {
        case 1:
            return after_ethertype(reader, ethertype_ipv4, depth);
        case 2:
            return after_ethertype(reader, ethertype_ipv6, depth);
        case 3:
            return depth > 0 ? in_ethernet(reader, depth - 1) : std::nullopt;
        case 4:
            return depth > 0 ? in_service_header(reader, depth - 1) : std::nullopt;
        case 5:
            return depth > 0 ? in_mpls(reader, depth - 1) : std::nullopt;
        default:
            return std::nullopt;
    }
}

// One octet where compressed (odd).
std::optional<Bytes> in_ppp(ByteReader reader) {
    const Bytes all = reader.rest();
    if (all.size() > 2 && all[0] == 0xff && all[1] == 0x03)
        reader.u16();
    std::uint16_t protocol = reader.u8();
    if ((protocol & 1U) == 0)
        protocol = static_cast<std::uint16_t>(protocol << 8U | reader.u8());
    if (!reader.ok() || (protocol != 0x0021 && protocol != 0x0057))
        return std::nullopt;
    return rest_of(reader);
}

std::optional<Bytes> in_wireless(ByteReader reader, bool swapped) {
    std::uint8_t kind = reader.u8();
    std::uint8_t flags = reader.u8();
    if (swapped)
        std::swap(kind, flags);
    const bool quality = (kind & 0x80U) != 0;
    const bool empty = (kind & 0x40U) != 0;
    const bool encrypted = (flags & 0x40U) != 0;
    if ((kind & 0x0fU) != 0x08 || empty || encrypted)  // version 0, data
        return std::nullopt;
    const bool four_addresses = (flags & 0x03U) == 0x03;
    reader.bytes(four_addresses ? 28 : 22);  // duration, addresses, sequence
    const unsigned control = quality ? reader.u16() : 0;
    if ((control & 0x8000U) != 0)
        return std::nullopt;  // several packets in one frame
    if (quality && (flags & 0x80U) != 0)
        reader.u32();  // high throughput control
    return in_llc(reader, 1);
}

std::optional<Bytes> after_ethertype(ByteReader reader, std::uint16_t type, int depth) {
    for (int i = 0; i < max_tags && is_tag(type); ++i) {
        // IEEE 802.1Q: priority and VLAN identifier; Cisco metadata: version, length, options
        reader.bytes(type == cisco_metadata ? 6 : 2);
        type = reader.u16();
    }
    if (!reader.ok())
        return std::nullopt;
    if (type == ethertype_ipv4 || type == ethertype_ipv6)
        return rest_of(reader);
    const auto* const layer = std::ranges::find(layers, type, &Layer::type);
    return layer == layers.end() || depth <= 0 ? std::nullopt : layer->unwrap(reader, depth - 1);
}

}  // namespace octroi
