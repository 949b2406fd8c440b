// Tests of classifiers/net/embedded_address.cpp.
#include "classifiers/net/embedded_address.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using octroi::Address;
using octroi::embedded_address;
using octroi::Nat64Prefix;
using octroi::Network;

namespace {

Address address(std::string_view text) {
    return octroi::parse_address(text).value();
}

Nat64Prefix prefix(std::string_view text) {
    return Nat64Prefix::of(Network::parse(text).value()).value();
}

// "192.0.2.33 behind NAT64"
std::string inside(std::string_view text, const std::vector<Nat64Prefix>& configured = {}) {
    const auto found = embedded_address(address(text), configured);
    if (!found)
        return "nothing";
    return to_string(found->address) + " " + std::string(to_string(found->dress));
}

}  // namespace

TEST_SUITE("embedded address") {
    TEST_CASE("the well-known prefix of NAT64 carries an IPv4 address in its last 32 bits") {
        CHECK(inside("64:ff9b::192.0.2.33") == "192.0.2.33 behind NAT64");
        CHECK(inside("64:ff9b::aa72:3402") == "170.114.52.2 behind NAT64");
    }

    TEST_CASE("neighbours of the well-known prefix are ordinary addresses") {
        for (const std::string_view neighbour :
             {"64:ff9a::aa72:3402", "64:ff9c::aa72:3402", "63:ff9b::aa72:3402",
              "64:ff9b:0:0:0:1:aa72:3402", "64:ff9b:0:0:1::aa72:3402", "64:ff9b:2::aa72:3402",
              "6400:ff9b::aa72:3402"})
            CHECK_MESSAGE(inside(neighbour) == "nothing", neighbour);
    }

    // RFC 6052 2.4, the table of its examples.
    TEST_CASE("a prefix of each length that RFC 6052 knows carries the address where it says") {
        struct Example {
            std::string_view prefix;
            std::string_view address;
        };

        for (const Example& example :
             {Example{"2001:db8::/32", "2001:db8:c000:221::"},
              Example{"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
              Example{"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
              Example{"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
              Example{"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100:0"},
              Example{"2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"}})
            CHECK_MESSAGE(
                inside(example.address, {prefix(example.prefix)}) == "192.0.2.33 behind NAT64",
                example.prefix);
    }

    TEST_CASE("no other length and no IPv4 network is a prefix of NAT64") {
        for (const std::string_view text : {"2001:db8::/31", "2001:db8::/33", "2001:db8::/80",
                                            "2001:db8::/128", "::/0", "192.0.2.0/24", "0.0.0.0/0"})
            CHECK_MESSAGE(!Nat64Prefix::of(Network::parse(text).value()), text);
    }

    TEST_CASE("of several configured prefixes the longest tells where the address is") {
        const std::vector both = {prefix("2001:db8::/32"), prefix("2001:db8:122:344::/96")};
        CHECK(inside("2001:db8:122:344::192.0.2.33", both) == "192.0.2.33 behind NAT64");
        const std::vector turned = {both[1], both[0]};
        CHECK(inside("2001:db8:122:344::192.0.2.33", turned) == "192.0.2.33 behind NAT64");
        CHECK(inside("2001:db8:c000:221::", both) == "192.0.2.33 behind NAT64");
        CHECK(inside("2001:db9:c000:221::", both) == "nothing");
    }

    TEST_CASE("a configured prefix inside a well-known one comes first") {
        CHECK(inside("64:ff9b:1:0:aa:7234:200:0", {prefix("64:ff9b:1::/64")}) ==
              "170.114.52.2 behind NAT64");
        CHECK(inside("64:ff9b:1:aa72:34:200:1:2", {prefix("64:ff9b:1::/48")}) ==
              "170.114.52.2 behind NAT64");
    }

    TEST_CASE("under the prefix for local use the zeros behind it tell where the address is") {
        CHECK(inside("64:ff9b:1:aa72:34:200::") == "170.114.52.2 behind NAT64");       // of 48 bits
        CHECK(inside("64:ff9b:1:20aa:72:3402::") == "170.114.52.2 behind NAT64");      // of 56
        CHECK(inside("64:ff9b:1:2021:aa:7234:200:0") == "170.114.52.2 behind NAT64");  // of 64
        CHECK(inside("64:ff9b:1::aa72:3402") == "170.114.52.2 behind NAT64");          // of 96
        CHECK(inside("64:ff9b:1:2021:22:23:aa72:3402") == "170.114.52.2 behind NAT64");
        CHECK(inside("64:ff9b:1:0:aa:7234::") == "170.114.52.0 behind NAT64");
    }

    TEST_CASE("6to4 carries the address behind its 16 bits") {
        CHECK(inside("2002:aa72:3402::1") == "170.114.52.2 behind 6to4");
        CHECK(inside("2003:aa72:3402::1") == "nothing");
    }

    TEST_CASE("the compatible and the translated form carry it in their last 32 bits") {
        CHECK(inside("::170.114.52.2") == "170.114.52.2 in the IPv4-compatible form");
        CHECK(inside("::ffff:0:170.114.52.2") == "170.114.52.2 in the IPv4-translated form");
        CHECK(inside("::") == "nothing");
        CHECK(inside("::1") == "nothing");
        CHECK(inside("::1:170.114.52.2") == "nothing");
        CHECK(inside("::fffe:0:170.114.52.2") == "nothing");
    }

    TEST_CASE("an IPv4 address is no other's dress, mapped or not") {
        CHECK(inside("170.114.52.2") == "nothing");
        CHECK(inside("::ffff:170.114.52.2") == "nothing");
        CHECK(octroi::undressed(address("::ffff:170.114.52.2")) == address("170.114.52.2"));
    }

    TEST_CASE("the dresses of a network hold those of its addresses and no others") {
        const std::vector prefixes = {prefix("2001:db8::/32"), prefix("2001:db8:100::/40"),
                                      prefix("2001:db8:122:344::/64"),
                                      prefix("2001:db8:122:344::/96")};
        for (const std::string_view text : {"170.114.0.0/16", "170.114.52.0/22", "170.114.52.2/32"})
            for (std::size_t i = 0; i < prefixes.size(); ++i) {
                const std::vector one = {prefixes[i]};
                const Network network = Network::parse(text).value();
                const auto dresses = octroi::dresses_of(network, one);
                REQUIRE(dresses.size() == 5);
                for (const Network& dress : dresses) {
                    CAPTURE(to_string(dress));
                    CHECK(octroi::undressed(dress.first(), one) == network.first());
                    CHECK(network.contains(octroi::undressed(dress.last(), one)));
                }
            }
    }

    TEST_CASE("Teredo and ISATAP carry the end of a tunnel and no server") {
        CHECK(inside("2001:0:aa72:3402::1") == "nothing");
        CHECK(inside("2001:db8::5efe:170.114.52.2") == "nothing");
        CHECK(octroi::undressed(address("2001:db8::1")) == address("2001:db8::1"));
    }
}
