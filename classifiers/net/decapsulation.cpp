#include "classifiers/net/decapsulation.hpp"

#include <algorithm>

#include "classifiers/net/link_layer.hpp"

namespace octroi {
namespace {

std::optional<Bytes> in_ip(ByteReader reader) {
    return reader.rest();
}

std::optional<Bytes> in_labels(ByteReader reader) {
    return in_mpls(reader);
}

// RFC 3378 3: version 3
std::optional<Bytes> in_etherip(ByteReader reader) {
    return reader.u16() == 0x3000 ? in_ethernet(reader) : std::nullopt;
}

// ERSPAN, draft-foschiano-erspan: of type I there is nothing but the frame, of type II (version 1)
// eight octets.
std::optional<Bytes> in_erspan(ByteReader reader, bool numbered) {
    if (numbered)
        reader.bytes(8);
    return in_ethernet(reader);
}

// Of type III (version 2) twelve octets, and eight more where the last bit says so; then a frame,
// or an IP packet.
std::optional<Bytes> in_erspan_3(ByteReader reader) {
    reader.bytes(10);
    const std::uint16_t flags = reader.u16();
    if ((flags & 1U) != 0)
        reader.bytes(8);
    const unsigned frame_type = flags >> 10U & 0x1fU;
    return frame_type == 2 ? std::optional(reader.rest()) : in_ethernet(reader);
}

// RFC 2637 4.1: the payload's length and the call, then numbers where their bits say so.
std::optional<Bytes> in_enhanced_gre(ByteReader reader, std::uint16_t flags) {
    reader.u32();
    for (const unsigned bit : {0x1000U, 0x0080U})
        if ((flags & bit) != 0)
            reader.u32();
    return in_ppp(reader);
}

// Redirected by a router (WCCP): version 2 has a header of its own in front of the packet.
std::optional<Bytes> in_redirection(ByteReader reader) {
    const Bytes packet = reader.rest();
    if (packet.empty() || packet.front() >> 4U != 4)
        reader.u32();
    return reader.rest();
}

// RFC 2784 2, RFC 2890 2: checksum, key and sequence number where their bits say so.
std::optional<Bytes> in_gre(ByteReader reader) {
    const std::uint16_t flags = reader.u16();
    const std::uint16_t type = reader.u16();
    if ((flags & 0x0007U) == 1)
        return type == 0x880b ? in_enhanced_gre(reader, flags) : std::nullopt;
    for (const unsigned bit : {0x8000U, 0x2000U, 0x1000U})
        if ((flags & bit) != 0)
            reader.u32();
    switch (type) {
        case 0x88be:
            return in_erspan(reader, (flags & 0x1000U) != 0);
        case 0x22eb:
            return in_erspan_3(reader);
        case 0x883e:
            return in_redirection(reader);
        default:
            return after_ethertype(reader, type);
    }
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

// RFC 7348 5: the network identifier is there. Where the P bit says so (draft-ietf-nvo3-vxlan-gpe)
// the header names what follows.
std::optional<Bytes> in_vxlan(ByteReader reader) {
    const std::uint8_t flags = reader.u8();
    reader.u16();
    const std::uint8_t next = reader.u8();
    reader.u32();
    if ((flags & 0x08U) == 0)
        return std::nullopt;
    return (flags & 0x04U) != 0 ? after_next_protocol(reader, next) : in_ethernet(reader);
}

// RFC 8926 3.4: version 0, the options' length in words, an EtherType.
std::optional<Bytes> in_geneve(ByteReader reader) {
    const std::uint8_t begin = reader.u8();
    reader.u8();
    const std::uint16_t type = reader.u16();
    reader.u32();  // network identifier
    if (begin >> 6U != 0)
        return std::nullopt;
    reader.bytes((begin & 0x3fU) * std::size_t{4});
    return after_ethertype(reader, type);
}

// RFC 5415 4.3: no DTLS, the header's length in words, the kind of the radio, then flags: native
// frame, fragment, last, radio's own octets, keep-alive.
std::optional<Bytes> in_capwap(ByteReader reader) {
    const std::uint8_t preamble = reader.u8();
    const std::uint32_t bits = reader.u24();
    const std::size_t words = bits >> 19U;
    const unsigned radio = bits >> 9U & 0x1fU;
    const bool native = (bits & 0x100U) != 0;
    const bool later_fragment = (reader.u32() & 0xfff8U) != 0 && (bits & 0x80U) != 0;
    const bool keep_alive = (bits & 0x08U) != 0;
    if (preamble != 0 || words < 2 || later_fragment || keep_alive)
        return std::nullopt;
    reader.bytes(words * 4 - 8);
    if (!native)
        return in_ethernet(reader);
    if (radio != 1)  // IEEE 802.11
        return std::nullopt;
    const auto packet = in_wireless(reader);
    return packet ? packet : in_wireless(reader, true);
}

// RFC 4380 5.1.1: an authentication, the sender's mapped address, each where it is.
std::optional<Bytes> in_teredo(ByteReader reader) {
    const auto begins = [&](std::uint8_t kind) {
        const Bytes rest = reader.rest();
        return rest.size() > 2 && rest[0] == 0 && rest[1] == kind;
    };
    if (begins(1)) {
        reader.u16();
        const std::size_t identifier = reader.u8();
        const std::size_t value = reader.u8();
        reader.bytes(identifier + value + 9);  // nonce, confirmation
    }
    if (begins(0))
        reader.bytes(8);
    return reader.rest();
}

// RFC 2661 3.1: data, version 2; length, numbers and offset where their bits say so.
std::optional<Bytes> in_l2tp(ByteReader reader) {
    const std::uint16_t flags = reader.u16();
    if ((flags & 0x800fU) != 2)
        return std::nullopt;
    if ((flags & 0x4000U) != 0)
        reader.u16();
    reader.u32();  // tunnel, session
    if ((flags & 0x0800U) != 0)
        reader.u32();
    if ((flags & 0x0200U) != 0)
        reader.bytes(reader.u16());
    return in_ppp(reader);
}

// How a tunnel is recognised: by the number of its IP protocol, or by a UDP port: that of the
// destination where the source's is any, else of either end.
enum class Sign : std::uint8_t { protocol, destination_port, either_port };

struct Tunnel {
    Sign sign;
    std::uint16_t number;
    std::optional<Bytes> (*unwrap)(ByteReader);
};

// Every tunnel that octroi looks into.
constexpr std::array tunnels = {
    Tunnel{.sign = Sign::protocol, .number = 4, .unwrap = in_ip},        // RFC 2003, RFC 2473
    Tunnel{.sign = Sign::protocol, .number = 41, .unwrap = in_ip},       // RFC 4213
    Tunnel{.sign = Sign::protocol, .number = 47, .unwrap = in_gre},      // NVGRE too: RFC 7637
    Tunnel{.sign = Sign::protocol, .number = 97, .unwrap = in_etherip},  // RFC 3378
    Tunnel{.sign = Sign::protocol, .number = 137, .unwrap = in_labels},  // RFC 4023
    Tunnel{.sign = Sign::either_port, .number = 1701, .unwrap = in_l2tp},
    Tunnel{.sign = Sign::either_port, .number = 2152, .unwrap = in_gtp},
    Tunnel{.sign = Sign::either_port, .number = 3544, .unwrap = in_teredo},
    Tunnel{.sign = Sign::destination_port, .number = 4789, .unwrap = in_vxlan},
    Tunnel{.sign = Sign::destination_port, .number = 4790, .unwrap = in_vxlan},  // VXLAN-GPE
    Tunnel{.sign = Sign::either_port, .number = 5247, .unwrap = in_capwap},
    Tunnel{.sign = Sign::destination_port, .number = 6081, .unwrap = in_geneve},
    Tunnel{.sign = Sign::destination_port, .number = 6635, .unwrap = in_labels},  // RFC 7510
    Tunnel{.sign = Sign::destination_port, .number = 8472, .unwrap = in_vxlan},   // of Linux
};

bool recognised(const Tunnel& tunnel, const Packet& packet) {
    if (tunnel.sign == Sign::protocol)
        return static_cast<std::uint8_t>(packet.key.protocol()) == tunnel.number;
    if (packet.key.protocol() != Protocol::udp)
        return false;
    return packet.destination().port == tunnel.number ||
           (tunnel.sign == Sign::either_port && packet.source().port == tunnel.number);
}

std::optional<Bytes> inside(const Packet& packet) {
    const auto* const tunnel =
        std::ranges::find_if(tunnels, [&](const Tunnel& each) { return recognised(each, packet); });
    return tunnel == tunnels.end() ? std::nullopt : tunnel->unwrap(ByteReader(packet.payload));
}

// Where a packet is, a fragment at least.
bool is_packet(Bytes octets) {
    const auto packet = decode_packet(octets, {});
    return packet || packet.error() == DecodeError::later_fragment;
}

}  // namespace

std::optional<Bytes> Decapsulator::innermost(Bytes ip_packet, Time time) {
    for (std::size_t depth = 0;; ++depth) {
        const auto whole = levels_[depth].take(ip_packet, time);
        if (!whole || depth == max_depth)
            return whole;
        const auto outer = decode_packet(*whole, {});
        const auto inner = outer ? inside(*outer) : std::nullopt;
        if (!inner || !is_packet(*inner))
            return whole;
        ip_packet = *inner;
    }
}

std::uint64_t Decapsulator::lost_fragments() const {
    std::uint64_t lost = 0;
    for (const Defragmenter& level : levels_)
        lost += level.lost();
    return lost;
}

}  // namespace octroi
