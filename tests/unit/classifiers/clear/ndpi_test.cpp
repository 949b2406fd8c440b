#include "classifiers/clear/ndpi.hpp"

#include <array>

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

struct Ends {
    Endpoint client = wire::endpoint("10.0.0.1", 50000);
    Endpoint server = wire::endpoint("198.51.100.1", 443);
};

// What nDPI believes of a flow of one packet.
Ndpi::Guess guess(std::size_t protocol, Bytes payload, const Ends& ends = {}) {
    static Ndpi ndpi;
    const Buffer segment =
        protocol == 6
            ? wire::tcp({.source = ends.client.port, .destination = ends.server.port}, payload)
            : wire::udp(ends.client.port, ends.server.port, payload);
    const Buffer packet = wire::ip(ends.client, ends.server, protocol, segment);
    const auto flow = Ndpi::new_flow();
    REQUIRE(flow);
    return ndpi.feed(*flow, decode_packet(packet, {}).value(), true);
}

constexpr std::size_t tcp = 6;
constexpr std::size_t udp = 17;

// RFC 8489 5, with one attribute.
Buffer stun_message(std::size_t attribute) {
    return wire::Fields()
        .u16(0x0001)
        .u16(8)
        .u32(0x2112a442)
        .fill(12, 0x61)
        .u16(attribute)
        .vector16(Buffer(4))
        .take();
}

// A DNS query whose label run fills the datagram.
Buffer dns_query(std::size_t size) {
    wire::Fields query;
    query.u16(0x1234).u16(0x0100).u16(1).fill(6);
    Buffer bytes = query.take();
    while (bytes.size() + 64 < size)
        bytes = wire::join(bytes, wire::Fields().vector8(Buffer(63, 'a')).take());
    bytes.resize(size);
    return bytes;
}

}  // namespace

TEST_SUITE("ndpi") {
    TEST_CASE("a TLS ClientHello is TLS, and its service is told") {
        const Ndpi::Guess found = guess(tcp, wire::client_stream("www.netflix.com"));
        CHECK(found.protocol == "TLS");
        CHECK(found.application == "NetFlix");
    }

    TEST_CASE("what nobody knows has no name") {
        const Ndpi::Guess found = guess(udp, wire::text("nothing that anybody knows"));
        CHECK(found.protocol.empty());
        CHECK(found.application.empty());
    }

    TEST_CASE("addresses do not make nDPI guess: it never sees them") {
        const Buffer nothing = wire::text("nothing that anybody knows");
        for (const std::string_view address : {"170.114.52.2", "52.112.0.1", "157.240.1.1"}) {
            CAPTURE(address);
            const Ends ends{.server = wire::endpoint(address, 40000)};
            CHECK(guess(udp, nothing, ends).application.empty());
            CHECK(guess(tcp, nothing, ends).application.empty());
        }
    }

    TEST_CASE("both families of addresses look alike") {
        const Ends ends{.client = wire::endpoint("2001:db8::1", 50000),
                        .server = wire::endpoint("2001:db8:ffff::1", 443)};
        CHECK(guess(tcp, wire::client_stream("www.netflix.com"), ends).application == "NetFlix");
    }

    TEST_CASE("labels under STUN lie, and are not told") {
        for (const std::size_t attribute : {0x8054UL, 0x0101UL, 0xc057UL, 0x4000UL}) {
            CAPTURE(attribute);
            const Ndpi::Guess found =
                guess(udp, stun_message(attribute), {.server = wire::endpoint("192.0.2.1", 3478)});
            CHECK(found.protocol == "STUN");
            CHECK(found.application.empty());
        }
    }

    TEST_CASE("a packet of more than 4000 octets is not shown") {
        Buffer stream = wire::client_stream("www.netflix.com");
        stream.resize(4000);
        CHECK(guess(tcp, stream).application == "NetFlix");
        stream.resize(4001);
        CHECK(guess(tcp, stream).application.empty());
    }

    TEST_CASE("the DNS datagram of 64 KiB that makes nDPI loop is not shown") {
        const Ends ends{.server = wire::endpoint("192.0.2.1", 53)};
        CHECK(guess(udp, dns_query(65507), ends).protocol.empty());
        CHECK(guess(udp, dns_query(300), ends).protocol == "DNS");
    }

    TEST_CASE("payloads of any small size end in zeros for nDPI, not in other memory") {
        for (std::size_t size = 0; size < 64; ++size)
            for (const unsigned octet : {0x00U, 0x05U, 0x80U, 0xc0U, 0xffU}) {
                const Buffer payload(size, static_cast<std::uint8_t>(octet));
                for (const std::uint16_t port :
                     std::to_array<std::uint16_t>({53, 443, 655, 3478, 8801})) {
                    const Ends ends{.server = wire::endpoint("192.0.2.1", port)};
                    const Ndpi::Guess found = guess(udp, payload, ends);
                    CHECK(found.protocol == guess(udp, payload, ends).protocol);
                }
            }
    }

    TEST_CASE("what one side's packet told stays, whatever follows from the other") {
        Ndpi ndpi;
        const auto flow = Ndpi::new_flow();
        REQUIRE(flow);
        const Ends ends{.server = wire::endpoint("192.0.2.1", 22)};
        const auto feed = [&](bool first, std::string_view text) {
            const Endpoint& from = first ? ends.client : ends.server;
            const Endpoint& to = first ? ends.server : ends.client;
            const Buffer packet = wire::ip(
                from, to, tcp,
                wire::tcp({.source = from.port, .destination = to.port}, wire::text(text)));
            return ndpi.feed(*flow, decode_packet(packet, {}).value(), first).application;
        };
        CHECK(feed(false, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n") == "SSH");
        CHECK(feed(true, "nothing that anybody knows") == "SSH");
    }
}
