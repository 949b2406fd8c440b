#include "daemon/decapsulation.hpp"

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

Buffer innermost(const Buffer& packet) {
    const Bytes found = innermost_packet(packet);
    return {found.begin(), found.end()};
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
    {"Teredo", in_udp(3544, inner_6), inner_6},
};

}  // namespace

TEST_SUITE("decapsulation") {
    TEST_CASE("each tunnel gives the packet inside, where it lies") {
        for (const auto& [what, packet, inside] : tunnels) {
            CAPTURE(what);
            const Bytes found = innermost_packet(packet);
            CHECK(std::ranges::equal(found, inside));
            CHECK(found.data() + found.size() == packet.data() + packet.size());
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
              in_udp(3544, wire::join(Buffer{0, 1, 0, 0}, inner_6))})   // authentication
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
                const Bytes found = innermost_packet(cut);
                const bool whole = found.data() == cut.data() && found.size() == length;
                const bool rest = length > start && found.data() == cut.data() + start &&
                                  found.size() == length - start;
                CHECK((whole || rest));
                if (rest)
                    CHECK(decode_packet(found, {}));
            }
        }
    }

    TEST_CASE("extension headers of no length do not hold the reader") {
        const Buffer stuck = gtp(4, wire::join(gtp_options(0x85), Buffer(40, 0)));
        CHECK(innermost(in_udp(2152, stuck)) == in_udp(2152, stuck));
    }
}
