#include "classifiers/dns/dns_message.hpp"

#include <doctest/doctest.h>

#include "tests/unit/dns_wire.hpp"

using namespace octroi;
using namespace octroi::dns_wire;
using Messages = std::vector<Buffer>;

namespace {

const Endpoint client = wire::endpoint("10.0.0.1", 50000);
const Endpoint resolver = wire::endpoint("192.0.2.53", 53);

const Buffer one = answer("one.example");
const Buffer other = answer("other.example");

/// The messages in a segment that the resolver sends to a client.
Messages over_tcp(const Buffer& payload) {
    const Buffer segment = wire::tcp({.source = 53, .destination = 50000}, payload);
    const Buffer packet = wire::ip(resolver, client, 6, segment);
    Messages messages;
    for (const Bytes message : dns::messages_in(decode_packet(packet, {}).value()))
        messages.emplace_back(message.begin(), message.end());
    return messages;
}

std::size_t count_between(const Endpoint& from, const Endpoint& to, const Buffer& payload) {
    const Buffer packet = wire::ip(from, to, 17, wire::udp(from.port, to.port, payload));
    return dns::messages_in(decode_packet(packet, {}).value()).size();
}

Buffer first(const Buffer& bytes, std::size_t count) {
    const Bytes part = Bytes(bytes).first(count);
    return {part.begin(), part.end()};
}

}  // namespace

TEST_SUITE("dns messages in a packet") {
    TEST_CASE("a datagram from or to port 53 is one message, without a length before it") {
        const Buffer packet = wire::ip(resolver, client, 17, wire::udp(53, 50000, one));
        const auto decoded = decode_packet(packet, {}).value();
        const auto messages = dns::messages_in(decoded);
        REQUIRE(messages.size() == 1);
        CHECK(std::ranges::equal(messages[0], one));
        CHECK(messages[0].data() == decoded.payload.data());
        CHECK(count_between(client, resolver, one) == 1);
    }

    TEST_CASE("on other ports there is none") {
        CHECK(count_between(client, wire::endpoint("192.0.2.53", 5353), one) == 0);
        CHECK(count_between(wire::endpoint("192.0.2.53", 853), client, one) == 0);
    }

    TEST_CASE("the messages of a segment stand one behind the other") {
        CHECK(over_tcp(prefixed(one)) == Messages{one});
        CHECK(over_tcp(wire::join(prefixed(one), prefixed(other))) == Messages{one, other});
    }

    TEST_CASE("the last message is given as far as the segment goes") {
        const Buffer two = wire::join(prefixed(one), prefixed(other));
        for (std::size_t length = prefixed(one).size(); length <= two.size(); ++length) {
            CAPTURE(length);
            const auto messages = over_tcp(first(two, length));
            const std::size_t left = length - prefixed(one).size();
            // A header that is cut tells nothing.
            REQUIRE(messages.size() == (left > dns::header_size ? 2 : 1));
            CHECK(messages[0] == one);
            if (messages.size() == 2)
                CHECK(messages[1] == first(other, left - 2));
        }
    }

    TEST_CASE("a length of 0 ends in itself, and what follows is read on") {
        CHECK(over_tcp(wire::join(Buffer{0, 0}, prefixed(one))) == Messages{{}, one});
    }

    TEST_CASE("a segment full of lengths is read to a bound") {
        CHECK(over_tcp(Buffer(1400, 0)).size() == 64);
    }

    TEST_CASE("a segment without data holds no message") {
        CHECK(over_tcp({}).empty());
    }
}

TEST_SUITE("dns records") {
    TEST_CASE("a record tells its fields, and the next one is at its end") {
        const Buffer bytes =
            message({.answers = {{.type = cname, .data = labels("cdn.example.net"), .ttl = 70000},
                                 {.data = octets("192.0.2.7"), .record_class = 3}}});
        const auto preamble = dns::read_preamble(bytes);
        REQUIRE(preamble);
        CHECK(preamble->records == 2);
        const auto alias = dns::read_record(bytes, preamble->question_end);
        REQUIRE(alias);
        CHECK(alias->type == cname);
        CHECK(alias->record_class == 1);
        CHECK(alias->ttl == 70000);
        CHECK(alias->data_size == labels("cdn.example.net").size());
        CHECK(dns::read_name(bytes, alias->data_start)->text == "cdn.example.net");
        const auto address = dns::read_record(bytes, alias->end());
        REQUIRE(address);
        CHECK(address->record_class == 3);
        CHECK(address->end() == bytes.size());
        CHECK_FALSE(dns::read_record(bytes, address->end()));
        CHECK_FALSE(dns::read_record(bytes, bytes.size() + 1));
    }

    TEST_CASE("a name that points into the header is none: no name stands there") {
        const Buffer bytes = message(
            {.question = wire::join(wire::Fields().vector8(wire::text("x")).take(), pointer(4))});
        CHECK_FALSE(dns::read_name(bytes, dns::header_size));
        CHECK(dns::read_name(message({.question = labels("x")}), dns::header_size)->text == "x");
    }

    TEST_CASE("a record cut at any octet is none") {
        const Buffer bytes = answer("www.example.org");
        const std::size_t start = dns::read_preamble(bytes)->question_end;
        REQUIRE(dns::read_record(bytes, start));
        for (std::size_t length = start; length < bytes.size(); ++length) {
            CAPTURE(length);
            CHECK_FALSE(dns::read_record(Bytes(bytes).first(length), start));
        }
    }

    TEST_CASE("records of all three sections are counted, at most as a message can hold") {
        Buffer bytes = message({});
        const auto counted = [&](std::uint8_t answers, std::uint8_t authority,
                                 std::uint8_t additional) {
            bytes[6] = answers;
            bytes[8] = authority;
            bytes[10] = additional;
            return dns::read_preamble(bytes)->records;
        };
        CHECK(counted(0, 0, 0) == 0);
        CHECK(counted(1, 2, 3) == 0x0600);
        CHECK(counted(0x90, 0x90, 0) == 0xffff);
        CHECK(dns::read_preamble(bytes)->answers == 0x9000);
    }
}
