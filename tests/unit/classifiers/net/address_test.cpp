#include "classifiers/net/address.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::address;

TEST_SUITE("address") {
    TEST_CASE("an IPv4 address is its v4-mapped form") {
        const Address parsed = address("192.0.2.1");
        CHECK(parsed.is_v4());
        CHECK(parsed == v4_address({192, 0, 2, 1}));
        CHECK(parsed == address("::ffff:192.0.2.1"));
        CHECK(to_string(parsed) == "192.0.2.1");
    }

    TEST_CASE("an IPv6 address keeps its shortest text") {
        const Address parsed = address("2001:0db8:0000::0001");
        CHECK_FALSE(parsed.is_v4());
        CHECK(to_string(parsed) == "2001:db8::1");
        CHECK_FALSE(address("::1").is_v4());
        CHECK_FALSE(address("::fffe:1.2.3.4").is_v4());
    }

    TEST_CASE("what is not an address is refused") {
        for (const char* text : {"", " ", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.4/24", "[::1]",
                                 "fe80::1%eth0", "::1::", "zoom.us", "12345::",
                                 "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"}) {
            CAPTURE(text);
            CHECK_FALSE(parse_address(text));
        }
    }

    TEST_CASE("the next address carries over octets, and the last one has none") {
        CHECK(address("10.0.0.255").next() == address("10.0.1.0"));
        CHECK(address("2001:db8::ffff").next() == address("2001:db8::1:0"));
        CHECK_FALSE(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").next());
    }

    TEST_CASE("addresses are ordered as numbers") {
        CHECK(address("9.255.255.255") < address("10.0.0.0"));
        CHECK(address("10.0.0.1") < address("10.0.0.2"));
        CHECK(address("::1") < address("10.0.0.1"));
        CHECK(address("255.255.255.255") < address("2001:db8::"));
    }
}

TEST_SUITE("network") {
    TEST_CASE("a prefix length counts from the family's own first bit") {
        const auto v4 = Network::parse("10.0.0.0/8");
        REQUIRE(v4);
        CHECK(v4->length() == 104);
        CHECK(v4->first() == address("10.0.0.0"));
        CHECK(v4->last() == address("10.255.255.255"));
        CHECK(to_string(*v4) == "10.0.0.0/8");

        const auto v6 = Network::parse("2620:1ec:40::/42");
        REQUIRE(v6);
        CHECK(v6->length() == 42);
        CHECK(v6->last() == address("2620:1ec:7f:ffff:ffff:ffff:ffff:ffff"));
        CHECK(to_string(*v6) == "2620:1ec:40::/42");
    }

    TEST_CASE("a prefix that does not end at an octet holds exactly its addresses") {
        const auto network = Network::parse("52.112.0.0/14");
        REQUIRE(network);
        CHECK_FALSE(network->contains(address("52.111.255.255")));
        CHECK(network->contains(address("52.112.0.0")));
        CHECK(network->contains(address("52.115.255.255")));
        CHECK_FALSE(network->contains(address("52.116.0.0")));
    }

    TEST_CASE("a lone address is a block of one") {
        const auto v4 = Network::parse("192.0.2.1");
        REQUIRE(v4);
        CHECK(v4->length() == 128);
        CHECK(v4->first() == v4->last());
        CHECK(to_string(*v4) == "192.0.2.1/32");
        CHECK(to_string(Network::parse("2001:db8::1").value()) == "2001:db8::1/128");
    }

    TEST_CASE("the widest prefixes hold everything of their family") {
        const auto v4 = Network::parse("0.0.0.0/0");
        REQUIRE(v4);
        CHECK(v4->contains(address("255.255.255.255")));
        CHECK_FALSE(v4->contains(address("2001:db8::1")));
        const auto all = Network::parse("::/0");
        REQUIRE(all);
        CHECK(all->contains(address("10.0.0.1")));
        CHECK(to_string(*all) == "::/0");
    }

    TEST_CASE("a mapped prefix is written in 128-bit terms") {
        CHECK(Network::parse("::ffff:10.0.0.0/104") == Network::parse("10.0.0.0/8"));
    }

    TEST_CASE("each mistake has its own error") {
        CHECK(Network::parse("zoom.us/8").error() == Network::Error::bad_address);
        CHECK(Network::parse("").error() == Network::Error::bad_address);
        CHECK(Network::parse("10.0.0.0/33").error() == Network::Error::bad_length);
        CHECK(Network::parse("10.0.0.0/").error() == Network::Error::bad_length);
        CHECK(Network::parse("10.0.0.0/-1").error() == Network::Error::bad_length);
        CHECK(Network::parse("10.0.0.0/8 ").error() == Network::Error::bad_length);
        CHECK(Network::parse("2001:db8::/129").error() == Network::Error::bad_length);
        CHECK(Network::parse("10.1.0.0/8").error() == Network::Error::host_bits);
        CHECK(Network::parse("2001:db8::1/32").error() == Network::Error::host_bits);
    }

    TEST_CASE("the canonical text is the block without host bits") {
        CHECK(Network::canonical("10.1.2.3/8") == "10.0.0.0/8");
        CHECK(Network::canonical("52.115.1.1/14") == "52.112.0.0/14");
        CHECK(Network::canonical("2001:db8:1::1/32") == "2001:db8::/32");
        CHECK_FALSE(Network::canonical("10.0.0.0/40"));
    }
}
