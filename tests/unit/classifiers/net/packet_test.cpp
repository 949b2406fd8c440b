#include "classifiers/net/packet.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::address;
using wire::Buffer;
using wire::Fields;

namespace {

constexpr std::size_t hop_by_hop = 0;
constexpr std::size_t routing = 43;
constexpr std::size_t fragment = 44;
constexpr std::size_t authentication = 51;
constexpr std::size_t destination_options = 60;

std::expected<Packet, DecodeError> decode(Bytes packet) {
    return decode_packet(packet, {});
}

Buffer tcp_with_text() {
    return wire::tcp({.sequence = 7, .flags = wire::syn, .acknowledgement = 8}, wire::text("data"));
}

// RFC 8200 4.3: next header, length in 8 octets without the first 8.
Buffer plain_extension(std::size_t next, std::size_t eights, const Buffer& rest) {
    return Fields().u8(next).u8(eights).fill(6 + eights * 8).bytes(rest).take();
}

// RFC 8200 4.5
Buffer fragment_extension(std::size_t next, std::size_t offset_and_flags, const Buffer& rest) {
    return Fields()
        .u8(next)
        .u8(0)                  // reserved
        .u16(offset_and_flags)  // offset in 8 octets << 3, more fragments
        .u32(0x12345678)        // identification
        .bytes(rest)
        .take();
}

// RFC 4302 2: length in 4 octets minus 2
Buffer authentication_extension(std::size_t next, const Buffer& rest) {
    return Fields().u8(next).u8(4).fill(22).bytes(rest).take();
}

}  // namespace

TEST_SUITE("packet over IPv4") {
    TEST_CASE("a TCP segment yields endpoints, flags, sequence number and payload") {
        const Buffer bytes = wire::ipv4({}, tcp_with_text());
        const auto packet = decode(bytes);
        REQUIRE(packet);
        CHECK(packet->source() == wire::endpoint("10.0.0.1", 50000));
        CHECK(packet->destination() == wire::endpoint("192.0.2.1", 443));
        CHECK(packet->key.protocol() == Protocol::tcp);
        CHECK(packet->tcp.sequence == 7);
        CHECK(packet->tcp.acknowledgement == 8);
        CHECK(packet->tcp.syn);
        CHECK_FALSE(packet->tcp.ack);
        CHECK(wire::text(packet->payload) == "data");
        CHECK(packet->length == 44);
        CHECK(packet->is_v4());
    }

    TEST_CASE("each TCP flag is its own") {
        const auto flags = [](std::size_t value) {
            return decode(wire::ipv4({}, wire::tcp({.flags = value}))).value().tcp;
        };
        CHECK(flags(wire::fin).fin);
        CHECK(flags(wire::rst).rst);
        CHECK(flags(wire::ack).ack);
        const TcpHeader others = flags(0xe8);  // CWR, ECE, URG, PSH
        CHECK_FALSE((others.fin || others.syn || others.rst || others.ack));
    }

    TEST_CASE("IP and TCP options are skipped") {
        const Buffer segment =
            wire::tcp({.sequence = 7, .options = Buffer(40, 1)}, wire::text("data"));
        const Buffer bytes = wire::ipv4({.options = Buffer(40, 1)}, segment);
        const auto packet = decode(bytes);
        REQUIRE(packet);
        CHECK(packet->destination().port == 443);
        CHECK(wire::text(packet->payload) == "data");
    }

    TEST_CASE("both directions of a flow have an equal key and opposite directions") {
        const auto there = decode(wire::ipv4(
            {.source = address("10.0.0.1"), .destination = address("192.0.2.1"), .protocol = 17},
            wire::udp(50000, 443, {})));
        const auto back = decode(wire::ipv4(
            {.source = address("192.0.2.1"), .destination = address("10.0.0.1"), .protocol = 17},
            wire::udp(443, 50000, {})));
        REQUIRE(there);
        REQUIRE(back);
        CHECK(there->key == back->key);
        CHECK(there->direction == opposite(back->direction));
        CHECK(there->source() == back->destination());
    }

    TEST_CASE("padding behind the total length is left out") {
        Buffer bytes = wire::ipv4({}, tcp_with_text());
        bytes.insert(bytes.end(), 6, 0xee);
        const auto packet = decode(bytes);
        REQUIRE(packet);
        CHECK(wire::text(packet->payload) == "data");
        CHECK(packet->length == 44);
    }

    TEST_CASE("a total length of 0, as segmentation offload leaves it, means all that is there") {
        const Buffer bytes = wire::ipv4({.total_length = 0}, tcp_with_text());
        const auto packet = decode(bytes);
        REQUIRE(packet);
        CHECK(wire::text(packet->payload) == "data");
        CHECK(packet->length == 44);
    }

    TEST_CASE("a UDP datagram ends at its own length") {
        Buffer datagram = wire::udp(3478, 50000, wire::text("data"));
        datagram.insert(datagram.end(), 3, 0xee);
        const Buffer bytes = wire::ipv4({.protocol = 17}, datagram);
        const auto packet = decode(bytes);
        REQUIRE(packet);
        CHECK(packet->source().port == 3478);
        CHECK(wire::text(packet->payload) == "data");
    }

    TEST_CASE("a UDP length of 0 means all that is there, and less than a header is refused") {
        Buffer datagram = wire::udp(3478, 50000, wire::text("data"));
        datagram[5] = 0;
        const Buffer bytes = wire::ipv4({.protocol = 17}, datagram);
        CHECK(wire::text(decode(bytes).value().payload) == "data");
        datagram[5] = 7;
        CHECK(decode(wire::ipv4({.protocol = 17}, datagram)).error() == DecodeError::bad_length);
    }

    TEST_CASE("an echo request and its reply are one flow by identifier") {
        const auto request = decode(wire::ipv4({.protocol = 1}, wire::icmp(8, 0x4242)));
        const auto reply = decode(wire::ipv4(
            {.source = address("192.0.2.1"), .destination = address("10.0.0.1"), .protocol = 1},
            wire::icmp(0, 0x4242)));
        REQUIRE(request);
        REQUIRE(reply);
        CHECK(request->key == reply->key);
        CHECK(request->source().port == 0x4242);
        CHECK_FALSE(request->icmp_error);
        CHECK_FALSE(reply->icmp_error);
    }

    TEST_CASE("ICMP errors are told from other messages, and have no port") {
        for (const std::size_t type : {3U, 4U, 5U, 11U, 12U}) {
            CAPTURE(type);
            const auto packet = decode(wire::ipv4({.protocol = 1}, wire::icmp(type, 0x4242)));
            REQUIRE(packet);
            CHECK(packet->icmp_error);
            CHECK(packet->source().port == 0);
        }
        CHECK_FALSE(decode(wire::ipv4({.protocol = 1}, wire::icmp(13, 0))).value().icmp_error);
    }

    TEST_CASE("another protocol is carried with port 0 and its payload") {
        const Buffer bytes = wire::ipv4({.protocol = 47}, wire::text("gre"));
        const auto packet = decode(bytes);
        REQUIRE(packet);
        CHECK(packet->key.protocol() == static_cast<Protocol>(47));
        CHECK(packet->source().port == 0);
        CHECK(wire::text(packet->payload) == "gre");
    }

    TEST_CASE("a first fragment is read, a later one is not") {
        CHECK(decode(wire::ipv4({.fragment = 0x2000}, tcp_with_text())));  // more fragments
        CHECK(decode(wire::ipv4({.fragment = 0x4000}, tcp_with_text())));  // don't fragment
        CHECK(decode(wire::ipv4({.fragment = 0x0001}, tcp_with_text())).error() ==
              DecodeError::later_fragment);
    }

    TEST_CASE("lengths that contradict each other are refused") {
        Buffer bytes = wire::ipv4({}, tcp_with_text());
        bytes[0] = 0x44;  // a header of 16 octets
        CHECK(decode(bytes).error() == DecodeError::bad_length);
        CHECK(decode(wire::ipv4({.total_length = 19}, tcp_with_text())).error() ==
              DecodeError::bad_length);
        Buffer segment = tcp_with_text();
        segment[12] = 0x40;  // a TCP header of 16 octets
        CHECK(decode(wire::ipv4({}, segment)).error() == DecodeError::bad_length);
    }

    TEST_CASE("a transport header that the total length cuts off is truncated") {
        CHECK(decode(wire::ipv4({.total_length = 39}, tcp_with_text())).error() ==
              DecodeError::truncated);
    }

    TEST_CASE("a header cut anywhere is truncated; a payload cut anywhere is what is left") {
        const Buffer bytes = wire::ipv4({.options = Buffer(8, 1)},
                                        wire::tcp({.options = Buffer(12, 1)}, wire::text("data")));
        const std::size_t headers = bytes.size() - 4;
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            CAPTURE(n);
            const Buffer cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
            const auto packet = decode(cut);
            REQUIRE(packet.has_value() == (n >= headers));
            if (packet)
                CHECK(packet->payload.size() == n - headers);
            else
                CHECK(packet.error() == DecodeError::truncated);
        }
    }

    TEST_CASE("what is neither IPv4 nor IPv6 is refused") {
        Buffer bytes = wire::ipv4({}, tcp_with_text());
        for (const unsigned version : {0U, 1U, 5U, 7U, 15U}) {
            bytes[0] = static_cast<std::uint8_t>(version << 4U | 5U);
            CHECK(decode(bytes).error() == DecodeError::not_ip);
        }
    }
}

TEST_SUITE("packet over IPv6") {
    TEST_CASE("a TCP segment yields endpoints and payload") {
        const Buffer bytes = wire::ipv6({}, tcp_with_text());
        const auto packet = decode(bytes);
        REQUIRE(packet);
        CHECK(packet->source() == wire::endpoint("2001:db8::1", 50000));
        CHECK(packet->destination() == wire::endpoint("2001:db8:ffff::1", 443));
        CHECK(wire::text(packet->payload) == "data");
        CHECK(packet->length == 64);
        CHECK_FALSE(packet->is_v4());
    }

    TEST_CASE("a chain of extension headers is followed") {
        const Buffer chain = plain_extension(
            destination_options, 0,
            plain_extension(
                routing, 2,
                plain_extension(fragment, 1,
                                fragment_extension(authentication, 0x0001,
                                                   authentication_extension(6, tcp_with_text())))));
        const Buffer bytes = wire::ipv6({.next_header = hop_by_hop}, chain);
        const auto packet = decode(bytes);
        REQUIRE(packet);
        CHECK(packet->destination().port == 443);
        CHECK(packet->tcp.sequence == 7);
        CHECK(wire::text(packet->payload) == "data");
    }

    TEST_CASE("every plain extension header is skipped") {
        for (const std::size_t type : {0U, 43U, 60U, 135U, 139U, 140U}) {
            CAPTURE(type);
            const auto packet =
                decode(wire::ipv6({.next_header = type}, plain_extension(6, 1, tcp_with_text())));
            REQUIRE(packet);
            CHECK(packet->destination().port == 443);
        }
    }

    TEST_CASE("eight extension headers are followed, nine are refused") {
        Buffer chain = plain_extension(6, 0, tcp_with_text());
        for (int i = 1; i < 8; ++i)
            chain = plain_extension(destination_options, 0, chain);
        CHECK(decode(wire::ipv6({.next_header = destination_options}, chain)));
        chain = plain_extension(destination_options, 0, chain);
        CHECK(decode(wire::ipv6({.next_header = destination_options}, chain)).error() ==
              DecodeError::extension_headers);
    }

    TEST_CASE("a later fragment is refused, whatever its flags") {
        for (const std::size_t offset : {0x0008U, 0x0009U, 0xfff8U})
            CHECK(decode(wire::ipv6({.next_header = fragment},
                                    fragment_extension(6, offset, tcp_with_text())))
                      .error() == DecodeError::later_fragment);
    }

    TEST_CASE("an extension header longer than the packet is truncated") {
        CHECK(decode(wire::ipv6({.next_header = hop_by_hop},
                                Fields().u8(6).u8(255).fill(6).bytes(tcp_with_text()).take()))
                  .error() == DecodeError::truncated);
    }

    TEST_CASE("padding behind the payload length is left out, a payload length of 0 takes all") {
        Buffer bytes = wire::ipv6({}, tcp_with_text());
        bytes.insert(bytes.end(), 6, 0xee);
        CHECK(wire::text(decode(bytes).value().payload) == "data");
        CHECK(decode(bytes).value().length == 64);
        bytes[4] = 0;
        bytes[5] = 0;
        CHECK(decode(bytes).value().payload.size() == 10);
    }

    TEST_CASE("ICMPv6 errors are the types below 128") {
        CHECK(decode(wire::ipv6({.next_header = 58}, wire::icmp(1, 9))).value().icmp_error);
        CHECK(decode(wire::ipv6({.next_header = 58}, wire::icmp(127, 9))).value().icmp_error);
        const auto echo = decode(wire::ipv6({.next_header = 58}, wire::icmp(128, 0x4242)));
        REQUIRE(echo);
        CHECK_FALSE(echo->icmp_error);
        CHECK(echo->source().port == 0x4242);
        CHECK(echo->key.protocol() == Protocol::icmpv6);
    }

    TEST_CASE("a packet cut anywhere in its headers is truncated") {
        const Buffer chain = plain_extension(
            fragment, 1,
            fragment_extension(authentication, 0, authentication_extension(6, tcp_with_text())));
        const Buffer bytes = wire::ipv6({.next_header = hop_by_hop}, chain);
        for (std::size_t n = 0; n < bytes.size() - 4; ++n) {
            CAPTURE(n);
            const Buffer cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
            const auto packet = decode(cut);
            REQUIRE_FALSE(packet);
            CHECK(packet.error() == DecodeError::truncated);
        }
    }
}
