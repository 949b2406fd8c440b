#include "daemon/link_layer.hpp"

namespace octroi {
namespace {

constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t ethertype_ipv6 = 0x86dd;
constexpr std::uint16_t cisco_metadata = 0x8909;
constexpr int max_tags = 4;

bool is_vlan(std::uint16_t type) {
    return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

bool is_mpls(std::uint16_t type) {
    return type == 0x8847 || type == 0x8848;
}

// A frame that ends with its header holds no packet.
std::optional<Bytes> rest_of(const ByteReader& reader) {
    return reader.ok() && !reader.empty() ? std::optional(reader.rest()) : std::nullopt;
}

// RFC 3032 2.1: label stack entries up to the one with the bottom bit.
std::optional<Bytes> in_mpls(ByteReader reader) {
    for (int i = 0; i < max_tags && reader.ok(); ++i)
        if ((reader.u32() & 0x100U) != 0)
            return rest_of(reader);
    return std::nullopt;
}

}  // namespace

// One octet where compressed (odd).
std::optional<Bytes> in_ppp(ByteReader reader) {
    std::uint16_t protocol = reader.u8();
    if ((protocol & 1U) == 0)
        protocol = static_cast<std::uint16_t>(protocol << 8U | reader.u8());
    if (!reader.ok() || (protocol != 0x0021 && protocol != 0x0057))
        return std::nullopt;
    return rest_of(reader);
}

std::optional<Bytes> after_ethertype(ByteReader reader, std::uint16_t type) {
    for (int i = 0; i < max_tags && (is_vlan(type) || type == cisco_metadata); ++i) {
        // IEEE 802.1Q: priority and VLAN identifier; Cisco metadata: version, length, options
        reader.bytes(type == cisco_metadata ? 6 : 2);
        type = reader.u16();
    }
    if (!reader.ok())
        return std::nullopt;
    if (type == ethertype_ipv4 || type == ethertype_ipv6)
        return rest_of(reader);
    if (is_mpls(type))
        return in_mpls(reader);
    if (type != 0x8864)  // PPPoE session, RFC 2516 4
        return std::nullopt;
    reader.bytes(6);
    return in_ppp(reader);
}

}  // namespace octroi
