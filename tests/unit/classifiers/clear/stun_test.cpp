#include "classifiers/clear/stun.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

const Buffer transaction = wire::text("transaction!");  // 12 octets

// RFC 8489 14: type, length, value, padding to 4 octets.
Buffer attribute(std::size_t type, const Buffer& value) {
    return wire::Fields().u16(type).vector16(value).fill((4 - value.size() % 4) % 4).take();
}

// RFC 8489 5
Buffer message(std::size_t type, const Buffer& attributes) {
    return wire::Fields()
        .u16(type)
        .u16(attributes.size())  // length
        .u32(0x2112a442)         // magic cookie
        .bytes(transaction)      // transaction id
        .bytes(attributes)
        .take();
}

// RFC 3489 11.1: 16 octets of transaction id, no cookie.
Buffer classic(std::size_t type, const Buffer& attributes) {
    return wire::Fields()
        .u16(type)
        .u16(attributes.size())  // length
        .fill(16, 0x77)          // transaction id
        .bytes(attributes)
        .take();
}

// RFC 8489 14.2: the port is XORed with the cookie's high half, the address with the cookie and the
// transaction id.
Buffer xor_address(std::size_t family, std::uint16_t port, Bytes address) {
    const Buffer mask = wire::Fields().u32(0x2112a442).bytes(transaction).take();
    wire::Fields value;
    value.u8(0).u8(family).u16(port ^ 0x2112U);
    for (std::size_t i = 0; i < address.size(); ++i)
        value.u8(address[i] ^ mask[i]);
    return value.take();
}

constexpr std::size_t allocate = 0x0003;
constexpr std::size_t binding = 0x0001;
constexpr std::size_t realm = 0x0014;
constexpr std::size_t software = 0x8022;
constexpr std::size_t xor_peer_address = 0x0012;

}  // namespace

TEST_SUITE("stun") {
    TEST_CASE("a connectivity check of ICE") {
        for (const std::size_t attribute_type : {0x0024U, 0x8029U, 0x802aU})
            CHECK(stun::parse(message(binding, attribute(attribute_type, Buffer(4))))->ice);
        CHECK_FALSE(stun::parse(message(binding, attribute(software, Buffer(4))))->ice);
    }

    TEST_CASE("what a client asks its relay for a peer by") {
        const Buffer peer =
            attribute(xor_peer_address, xor_address(1, 40000, Buffer{192, 0, 2, 9}));
        for (const std::size_t type : {0x0008U, 0x0009U, 0x0016U})
            CHECK(stun::asks_for_peer(*stun::parse(message(type, peer))));
        CHECK_FALSE(stun::asks_for_peer(*stun::parse(message(0x0017, peer))));  // Data
        CHECK_FALSE(stun::asks_for_peer(*stun::parse(message(0x0008, {}))));
    }

    TEST_CASE("a message without attributes tells its type") {
        const auto parsed = stun::parse(message(binding, {}));
        REQUIRE(parsed);
        CHECK(parsed->type == binding);
        CHECK(parsed->realm.empty());
        CHECK(parsed->software.empty());
        CHECK_FALSE(parsed->peer);
        CHECK_FALSE(parsed->classic);
        CHECK_FALSE(parsed->microsoft);
        CHECK_FALSE(parsed->whatsapp);
        CHECK_FALSE(parsed->zoom);
    }

    TEST_CASE("realm and software are read behind attributes of any padding") {
        for (std::size_t size = 0; size < 5; ++size) {
            CAPTURE(size);
            const Buffer datagram =
                message(0x0113, wire::Fields()
                                    .bytes(attribute(0x0006, Buffer(size, 'u')))  // USERNAME
                                    .bytes(attribute(realm, wire::text("turn.example.org")))
                                    .bytes(attribute(software, wire::text("Coturn-4.6")))
                                    .take());
            const auto parsed = stun::parse(datagram);
            REQUIRE(parsed);
            CHECK(wire::text(parsed->realm) == "turn.example.org");
            CHECK(wire::text(parsed->software) == "Coturn-4.6");
        }
    }

    TEST_CASE("the first peer behind a relay is read, of either family") {
        const Address four = wire::address("203.0.113.9");
        const Address six = wire::address("2001:db8::17");
        const Buffer v4 =
            attribute(xor_peer_address, xor_address(1, 50123, Bytes(four.bytes).last(4)));
        const Buffer v6 = attribute(xor_peer_address, xor_address(2, 443, six.bytes));
        const auto one = stun::parse(message(0x0016, wire::join(v4, v6)));
        REQUIRE(one);
        CHECK(one->peer == Endpoint{.address = four, .port = 50123});
        const auto other = stun::parse(message(0x0016, wire::join(v6, v4)));
        REQUIRE(other);
        CHECK(other->peer == Endpoint{.address = six, .port = 443});
    }

    TEST_CASE("a peer of no family, or cut short, is none") {
        const Address six = wire::address("2001:db8::17");
        const auto peer = [](const Buffer& value) {
            return stun::parse(message(0x0016, attribute(xor_peer_address, value))).value().peer;
        };
        CHECK_FALSE(peer(xor_address(3, 443, six.bytes)));
        CHECK_FALSE(peer(xor_address(1, 443, Bytes(six.bytes).first(3))));
        CHECK_FALSE(peer(xor_address(2, 443, Bytes(six.bytes).first(15))));
        CHECK_FALSE(peer({}));
    }

    TEST_CASE("the attributes of vendors are noted") {
        const auto with = [](std::size_t type, std::size_t size) {
            return stun::parse(message(allocate, attribute(type, Buffer(size)))).value();
        };
        CHECK(with(0x8055, 4).microsoft);  // [MS-TURN] 2.2.2.19: service quality
        CHECK(with(0x8070, 4).microsoft);  // [MS-ICE2]: implementation version
        CHECK(with(0x4000, 100).whatsapp);
        CHECK(with(0x0101, 20).zoom);
        CHECK_FALSE(with(0x0101, 16).zoom);
        CHECK_FALSE(with(0xc057, 4).microsoft);  // every libwebrtc client's
        CHECK_FALSE(with(0x8022, 20).whatsapp);
    }

    TEST_CASE("a message cut at any octet is none") {
        const Buffer datagram = message(binding, attribute(realm, wire::text("example.org")));
        REQUIRE(stun::parse(datagram));
        for (std::size_t length = 0; length < datagram.size(); ++length) {
            CAPTURE(length);
            CHECK_FALSE(stun::parse(Bytes(datagram).first(length)));
        }
    }

    TEST_CASE("an attribute longer than its message ends the reading, not the message") {
        const Buffer attributes = wire::Fields()
                                      .bytes(attribute(software, wire::text("soft")))
                                      .u16(realm)
                                      .u16(0xffff)  // length
                                      .text("beyond..")
                                      .take();
        const Buffer followed = wire::join(message(binding, attributes), Buffer(70000, 'x'));
        const auto parsed = stun::parse(followed);
        REQUIRE(parsed);
        CHECK(wire::text(parsed->software) == "soft");
        CHECK(parsed->realm.empty());
    }

    TEST_CASE("the two high bits of a message are zero") {
        CHECK(stun::parse(message(0x3fff, {})));
        CHECK_FALSE(stun::parse(message(0x4000, {})));  // ChannelData (RFC 8656 12)
        CHECK_FALSE(stun::parse(message(0x8000, {})));  // RTP
    }

    TEST_CASE("a classic message is one whose length and attributes fit exactly") {
        const Buffer probe = attribute(0x0101, Buffer(20));
        const auto parsed = stun::parse(classic(binding, probe));
        REQUIRE(parsed);
        CHECK(parsed->classic);
        CHECK(parsed->zoom);
        CHECK_FALSE(stun::parse(wire::join(classic(binding, probe), Buffer(4))));
        CHECK_FALSE(stun::parse(classic(binding, {})));
        CHECK_FALSE(stun::parse(classic(binding, Buffer{0, 6, 0, 1, 0})));
        CHECK_FALSE(stun::parse(classic(binding, wire::Fields().u16(6).u16(9).fill(4).take())));
    }

    TEST_CASE("other datagrams are none") {
        CHECK_FALSE(stun::parse({}));
        CHECK_FALSE(stun::parse(wire::text("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")));
        CHECK_FALSE(stun::parse(Buffer(1200, 0x80)));
    }

    TEST_CASE("a stream tells the size of its first message by the header's first 8 octets") {
        const Buffer stream = message(binding, attribute(realm, wire::text("example.org.")));
        for (std::size_t length = 0; length < 8; ++length)
            CHECK_FALSE(stun::stream_message_size(Bytes(stream).first(length)));
        CHECK(stun::stream_message_size(Bytes(stream).first(8)) == stream.size());
        CHECK(stun::stream_message_size(wire::join(stream, stream)) == stream.size());
        CHECK_FALSE(stun::stream_message_size(classic(binding, Buffer(24))));
        CHECK_FALSE(stun::stream_message_size(wire::text("GET / HTTP/1.1\r\n\r\n")));
    }
}
