#include "classifiers/net/decapsulation.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

const Buffer inner = wire::Connection{}.from_client(0, wire::text("data"));
const Buffer inner_6 = wire::Connection{.client = wire::endpoint("2001:db8::1", 50000),
                                        .server = wire::endpoint("2001:db8::2", 443)}
                           .from_client(0, wire::text("data"));

constexpr std::size_t ethertype_ipv4 = 0x0800;
constexpr std::size_t ethertype_ipv6 = 0x86dd;

Buffer in_ipv4(std::size_t protocol, const Buffer& payload) {
    return wire::ipv4({.protocol = protocol}, payload);
}

Buffer in_ipv6(std::size_t next_header, const Buffer& payload) {
    return wire::ipv6({.next_header = next_header}, payload);
}

Buffer in_udp(std::size_t port, const Buffer& payload) {
    return in_ipv4(17, wire::udp(50000, port, payload));
}

Buffer ethernet(std::size_t type, const Buffer& payload) {
    return wire::Fields().fill(12, 0x02).u16(type).bytes(payload).take();
}

// RFC 2784 2.1, RFC 2890 2
Buffer gre(std::size_t flags, std::size_t type, const Buffer& payload) {
    wire::Fields fields;
    fields.u16(flags).u16(type);
    for (const std::size_t bit : {0x8000UL, 0x2000UL, 0x1000UL})  // checksum, key, sequence number
        if ((flags & bit) != 0)
            fields.u32(0xabcdef01);
    return fields.bytes(payload).take();
}

// TS 29.281 5.1
Buffer gtp(std::size_t flags, const Buffer& rest, std::size_t type = 255) {
    return wire::Fields()
        .u8(0x30 | flags)  // version 1, GTP
        .u8(type)          // G-PDU
        .u16(rest.size())  // length
        .u32(0x01020304)   // tunnel endpoint
        .bytes(rest)
        .take();
}

// The four octets that a flag brings: sequence number, N-PDU number, next extension header.
Buffer gtp_options(std::size_t next) {
    return wire::Fields().u16(7).u8(0).u8(next).take();
}

// RFC 7348 5
Buffer vxlan(std::size_t flags, const Buffer& frame) {
    return wire::Fields().u8(flags).u24(0).u24(42).u8(0).bytes(frame).take();
}

// RFC 3032 2.1: two labels, the second one at the bottom of the stack.
Buffer labels(const Buffer& payload) {
    return wire::Fields().u32(0x00064040).u32(0x00065140).bytes(payload).take();
}

// RFC 8926 3.4, with an option of `words` words.
Buffer geneve(std::size_t type, const Buffer& payload, std::size_t words = 0) {
    return wire::Fields()
        .u8(words)        // version 0, length of the options
        .u8(0)            // no control packet, no critical option
        .u16(type)        // protocol
        .u24(42)          // network identifier
        .u8(0)            // reserved
        .fill(words * 4)  // options
        .bytes(payload)
        .take();
}

// draft-foschiano-erspan 4.2 and 4.3
Buffer erspan_2(const Buffer& frame) {
    return wire::Fields().u16(0x1007).u16(0x0001).u32(3).bytes(frame).take();
}

Buffer erspan_3(std::size_t flags, const Buffer& rest) {
    return wire::Fields()
        .u16(0x2007)  // version 2, VLAN
        .u16(0x0001)  // session
        .u32(77)      // timestamp
        .u16(0)       // security group
        .u16(flags)   // frame type, hardware, optional part
        .bytes(rest)
        .take();
}

// RFC 5415 4.3. `kind`: the radio's number, 9 bits down from T; then T to K and three reserved
// bits.
Buffer capwap(std::size_t words, std::size_t kind, const Buffer& rest, std::size_t offset = 0) {
    return wire::Fields()
        .u8(0)                     // version, no DTLS
        .u24(words << 19U | kind)  // length of the header, radio, flags
        .u16(7)                    // fragment
        .u16(offset)               // its place
        .bytes(rest)
        .take();
}

constexpr std::size_t native_wireless = 1UL << 9U | 0x100;

// IEEE 802.11, 9.2.4: a data frame, then LLC and SNAP (RFC 1042).
Buffer wireless(std::size_t control, std::size_t between, std::size_t type, const Buffer& payload) {
    return wire::Fields()
        .u16(control)   // frame control
        .u16(0)         // duration
        .fill(18, 2)    // three addresses
        .u16(0)         // sequence control
        .fill(between)  // a fourth address, quality of service
        .u24(0xaaaa03)  // LLC
        .u24(0)         // organisation
        .u16(type)      // EtherType
        .bytes(payload)
        .take();
}

// RFC 2661 3.1
Buffer l2tp(std::size_t flags, const Buffer& between, const Buffer& ppp) {
    return wire::Fields().u16(flags | 2).bytes(between).bytes(ppp).take();
}

const Buffer frame = ethernet(ethertype_ipv4, inner);
const Buffer ppp = wire::join(Buffer{0xff, 0x03, 0x00, 0x21}, inner);

Buffer innermost(const Buffer& packet) {
    Decapsulator decapsulator;
    const auto found = decapsulator.innermost(packet, {});
    REQUIRE(found);
    return {found->begin(), found->end()};
}

struct Tunnel {
    std::string_view what;
    Buffer packet;
    const Buffer& inside;
};

const Tunnel tunnels[] = {
    {"IPv4 in IPv4", in_ipv4(4, inner), inner},
    {"IPv6 in IPv4", in_ipv4(41, inner_6), inner_6},
    {"IPv4 in IPv6", in_ipv6(4, inner), inner},
    {"IPv6 in IPv6", in_ipv6(41, inner_6), inner_6},
    {"GRE", in_ipv4(47, gre(0, ethertype_ipv4, inner)), inner},
    {"GRE in IPv6", in_ipv6(47, gre(0, ethertype_ipv6, inner_6)), inner_6},
    {"GRE with key", in_ipv4(47, gre(0x2000, ethertype_ipv6, inner_6)), inner_6},
    {"GRE with everything", in_ipv4(47, gre(0xb000, ethertype_ipv4, inner)), inner},
    {"GRE that bridges", in_ipv4(47, gre(0, 0x6558, ethernet(ethertype_ipv4, inner))), inner},
    {"GTP-U", in_udp(2152, gtp(0, inner)), inner},
    {"GTP-U with a sequence number", in_udp(2152, gtp(2, wire::join(gtp_options(0), inner))),
     inner},
    {"GTP-U with an extension header",
     in_udp(2152, gtp(4, wire::join(gtp_options(0x85), wire::join(Buffer{1, 0, 9, 0}, inner_6)))),
     inner_6},
    {"GTP-U with two extension headers",
     in_udp(2152,
            gtp(4, wire::join(gtp_options(0x85),
                              wire::join(Buffer{2, 0, 9, 0, 0, 0, 0, 0x40, 1, 8, 8, 0}, inner)))),
     inner},
    {"VXLAN", in_udp(4789, vxlan(8, ethernet(ethertype_ipv4, inner))), inner},
    {"VXLAN with a VLAN tag",
     in_udp(4789, vxlan(8, ethernet(0x8100, wire::join(Buffer{0, 7, 0x86, 0xdd}, inner_6)))),
     inner_6},
    {"VXLAN on Linux's port", in_udp(8472, vxlan(8, frame)), inner},
    {"VXLAN-GPE",
     in_udp(4790, wire::Fields().u8(0x0c).u16(0).u8(2).u24(42).u8(0).bytes(inner_6).take()),
     inner_6},
    {"VXLAN-GPE with Ethernet",
     in_udp(4790, wire::Fields().u8(0x0c).u16(0).u8(3).u24(42).u8(0).bytes(frame).take()), inner},
    {"Geneve", in_udp(6081, geneve(0x6558, frame)), inner},
    {"Geneve with options", in_udp(6081, geneve(0x6558, frame, 3)), inner},
    {"Geneve with IPv6", in_udp(6081, geneve(ethertype_ipv6, inner_6)), inner_6},
    {"ERSPAN I", in_ipv4(47, gre(0, 0x88be, frame)), inner},
    {"ERSPAN II", in_ipv4(47, gre(0x1000, 0x88be, erspan_2(frame))), inner},
    {"ERSPAN III", in_ipv4(47, gre(0x1000, 0x22eb, erspan_3(0, frame))), inner},
    {"ERSPAN III with more",
     in_ipv4(47, gre(0x1000, 0x22eb, erspan_3(1, wire::join(Buffer(8, 9), frame)))), inner},
    {"ERSPAN III with an IP packet", in_ipv4(47, gre(0x1000, 0x22eb, erspan_3(2U << 10U, inner))),
     inner},
    {"NVGRE", in_ipv4(47, gre(0x2000, 0x6558, frame)), inner},
    {"GRE of a cache's redirection", in_ipv4(47, gre(0, 0x883e, wire::join(Buffer(4, 0), inner))),
     inner},
    {"PPTP",
     in_ipv4(47, wire::Fields()
                     .u16(0x3081)      // key, sequence number, acknowledgement, version 1
                     .u16(0x880b)      // PPP
                     .u16(ppp.size())  // payload length
                     .u16(9)           // call
                     .u32(1)           // sequence number
                     .u32(1)           // acknowledgement
                     .bytes(ppp)
                     .take()),
     inner},
    {"EtherIP", in_ipv4(97, wire::join(Buffer{0x30, 0}, frame)), inner},
    {"MPLS in IP", in_ipv4(137, labels(inner)), inner},
    {"MPLS in GRE", in_ipv4(47, gre(0, 0x8847, labels(inner_6))), inner_6},
    {"MPLS in UDP", in_udp(6635, labels(inner)), inner},
    {"Ethernet under MPLS", in_ipv4(137, labels(frame)), inner},
    {"Ethernet under MPLS with a control word",
     in_ipv4(137, labels(wire::join(Buffer{0, 0, 0, 9}, frame))), inner},
    {"CAPWAP", in_udp(5247, capwap(2, 1U << 9U, frame)), inner},
    {"CAPWAP with octets of the radio's",
     in_udp(5247, capwap(4, 1U << 9U | 0x20, wire::join(Buffer(8, 1), frame))), inner},
    {"CAPWAP with 802.11",
     in_udp(5247, capwap(2, native_wireless, wireless(0x0801, 0, ethertype_ipv4, inner))), inner},
    {"CAPWAP with 802.11 and quality of service",
     in_udp(5247, capwap(2, native_wireless, wireless(0x8801, 2, ethertype_ipv6, inner_6))),
     inner_6},
    {"CAPWAP with 802.11 of four addresses",
     in_udp(5247, capwap(2, native_wireless, wireless(0x0803, 6, ethertype_ipv4, inner))), inner},
    {"CAPWAP with 802.11 in reverse",
     in_udp(5247, capwap(2, native_wireless, wireless(0x0188, 2, ethertype_ipv4, inner))), inner},
    {"Teredo", in_udp(3544, inner_6), inner_6},
    {"Teredo with an origin", in_udp(3544, wire::join(Buffer(8, 0), inner_6)), inner_6},
    {"Teredo with an authentication and an origin",
     in_udp(3544, wire::Fields()
                      .u16(1)      // authentication
                      .u8(2)       // length of the identifier
                      .u8(3)       // of the value
                      .fill(5, 7)  // both
                      .fill(9, 7)  // nonce, confirmation
                      .fill(8, 0)  // origin
                      .bytes(inner_6)
                      .take()),
     inner_6},
    {"L2TP", in_udp(1701, l2tp(0, {0, 1, 0, 2}, ppp)), inner},
    {"L2TP with everything",
     in_udp(1701, l2tp(0x4a00, {0, 99, 0, 1, 0, 2, 0, 3, 0, 4, 0, 2, 5, 5}, ppp)), inner},
};

}  // namespace

TEST_SUITE("decapsulation") {
    TEST_CASE("each tunnel gives the packet inside, where it lies") {
        for (const auto& [what, packet, inside] : tunnels) {
            CAPTURE(what);
            Decapsulator decapsulator;
            const auto found = decapsulator.innermost(packet, {});
            REQUIRE(found);
            CHECK(std::ranges::equal(*found, inside));
            CHECK(found->data() + found->size() == packet.data() + packet.size());
        }
    }

    TEST_CASE("the tunnel's port may be the source's") {
        CHECK(innermost(in_ipv4(17, wire::udp(2152, 50000, gtp(0, inner)))) == inner);
    }

    TEST_CASE("a packet that is no tunnel is given as it is") {
        CHECK(innermost(inner) == inner);
        CHECK(innermost(inner_6) == inner_6);
        for (const Buffer& packet :
             {in_udp(2153, gtp(0, inner)),  // another port
              wire::ipv4({.protocol = 6}, wire::tcp({.destination = 2152}, gtp(0, inner))),
              in_udp(2152, gtp(0, inner, 1)),                           // an echo request
              in_udp(2152, wire::join(Buffer{0x10}, gtp(0, inner))),    // version 0
              in_udp(4789, vxlan(0, ethernet(ethertype_ipv4, inner))),  // no network identifier
              in_udp(4789, vxlan(8, ethernet(0x0806, inner))),          // ARP
              in_ipv4(47, gre(1, 0x880b, inner)),                       // PPTP
              in_udp(3544, wire::join(Buffer{0, 1, 0, 0}, inner_6)),    // no nonce
              wire::ipv4({.protocol = 17}, wire::udp(6081, 50000, geneve(0x6558, frame))),
              in_udp(6081, wire::join(Buffer{0x40}, geneve(0x6558, frame))),   // version 1
              in_udp(6081, geneve(0x88cc, frame)),                             // LLDP
              in_ipv4(97, wire::join(Buffer{0x20, 0}, frame)),                 // version 2
              in_ipv4(137, labels(wire::join(Buffer{0x10, 0, 0, 0}, inner))),  // its own messages
              in_udp(5247, wire::join(Buffer{1, 0, 0, 0}, frame)),             // DTLS
              in_udp(5247, capwap(2, 1U << 9U | 0x80, frame, 0x40)),           // a later fragment
              in_udp(5247, capwap(2, 1U << 9U | 0x08, frame)),                 // keep-alive
              in_udp(5247, capwap(1, 1U << 9U, frame)),                        // no header's length
              in_udp(5247, capwap(2, native_wireless, wireless(0x0841, 0, 0x0800, inner))),
              in_udp(5247, capwap(2, native_wireless, wireless(0x4801, 0, 0x0800, inner))),
              in_udp(1701, l2tp(0xc000, {0, 20, 0, 1, 0, 2}, ppp)),  // control
              in_udp(1701, l2tp(1, {0, 1, 0, 2}, ppp))})             // version 3
            CHECK(innermost(packet) == packet);
    }

    TEST_CASE("a tunnel that holds no IP packet is given as it is") {
        for (const Buffer& packet :
             {in_ipv4(4, wire::text("no packet")), in_ipv4(4, {}), in_udp(3544, Buffer(60, 0)),
              in_ipv4(47, gre(0, ethertype_ipv4, wire::text("neither")))})
            CHECK(innermost(packet) == packet);
    }

    TEST_CASE("tunnels lie in tunnels, four deep") {
        Buffer packet = in_udp(2152, gtp(0, in_ipv4(47, gre(0, ethertype_ipv4, inner))));
        CHECK(innermost(packet) == inner);
        packet = in_udp(4789, vxlan(8, ethernet(ethertype_ipv4, in_ipv4(4, packet))));
        CHECK(innermost(packet) == inner);
        const Buffer fourth = in_ipv4(47, gre(0, ethertype_ipv4, inner));
        CHECK(innermost(in_ipv4(4, in_ipv4(4, in_ipv4(4, fourth)))) == inner);
        CHECK(innermost(in_ipv4(4, in_ipv4(4, in_ipv4(4, in_ipv4(4, fourth))))) == fourth);
    }

    TEST_CASE("a tunnel cut at any octet gives itself or what is left of the packet inside") {
        for (const auto& [what, packet, inside] : tunnels) {
            CAPTURE(what);
            const std::size_t start = packet.size() - inside.size();
            for (std::size_t length = 0; length < packet.size(); ++length) {
                CAPTURE(length);
                const Bytes cut = Bytes(packet).first(length);
                Decapsulator decapsulator;
                const auto given = decapsulator.innermost(cut, {});
                REQUIRE(given);
                const Bytes found = *given;
                const bool whole = found.data() == cut.data() && found.size() == length;
                const bool rest = length > start && found.data() == cut.data() + start &&
                                  found.size() == length - start;
                CHECK((whole || rest));
                if (rest)
                    CHECK(decode_packet(found, {}));
            }
        }
    }

    TEST_CASE("fragments of a tunnel's packet and of the packet inside are put together") {
        const Buffer segment = wire::tcp({}, Buffer(64, 'a'));
        const auto part = [](std::size_t fragment, Bytes data) {
            return wire::ipv4({.protocol = 6, .fragment = fragment}, data);
        };
        const Bytes all(segment);
        Decapsulator decapsulator;
        const Buffer first = in_ipv4(4, part(0x2000, all.first(40)));
        CHECK_FALSE(decapsulator.innermost(first, {}));
        const Buffer second = in_ipv4(47, gre(0, ethertype_ipv4, part(5, all.subspan(40))));
        const Bytes outer = Bytes(second).subspan(20);  // in two fragments of its own
        const auto outer_part = [](std::size_t fragment, Bytes data) {
            return wire::ipv4({.protocol = 47, .fragment = fragment}, data);
        };
        CHECK_FALSE(decapsulator.innermost(outer_part(0x2000, outer.first(16)), {}));
        CHECK(decapsulator.lost_fragments() == 2);
        const auto whole = decapsulator.innermost(outer_part(2, outer.subspan(16)), {});
        REQUIRE(whole);
        const auto packet = decode_packet(*whole, {});
        REQUIRE(packet);
        CHECK(std::ranges::equal(packet->segment, segment));
        CHECK(decapsulator.lost_fragments() == 0);
    }

    TEST_CASE("link layers in link layers are followed a few deep") {
        Buffer packet = frame;
        for (int i = 0; i < 3; ++i)
            packet = ethernet(0x8847, labels(packet));
        CHECK(innermost(in_ipv4(97, wire::join(Buffer{0x30, 0}, packet))) == inner);
        // Each label's end may be read in three ways: the work must stay bounded.
        while (packet.size() < 60'000)
            packet = ethernet(0x8847, labels(wire::join(Buffer(4, 0), packet)));
        const Buffer deep = in_ipv4(97, wire::join(Buffer{0x30, 0}, packet));
        CHECK(innermost(deep) == deep);
    }

    TEST_CASE("extension headers of no length do not hold the reader") {
        const Buffer stuck = gtp(4, wire::join(gtp_options(0x85), Buffer(40, 0)));
        CHECK(innermost(in_udp(2152, stuck)) == in_udp(2152, stuck));
    }
}
