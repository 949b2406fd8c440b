#include "rules/sets/network_set.hpp"

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/policy/samples.hpp"

using octroi::is_routed;
using octroi::Network;
using octroi::NetworkSet;
using octroi::outermost;
using octroi::samples::network;
using octroi::samples::networks;

TEST_SUITE("network set") {
    TEST_CASE("networks inside others are left out, neighbours are not merged") {
        CHECK(outermost(networks({"10.0.1.0/24", "10.0.0.0/24", "10.0.1.7", "10.0.1.0/24",
                                  "2001:db8::/32", "2001:db8:1::/48"})) ==
              networks({"10.0.0.0/24", "10.0.1.0/24", "2001:db8::/32"}));
        CHECK(outermost({}).empty());
    }

    TEST_CASE("two halves cover the whole") {
        const NetworkSet halves(networks({"192.0.2.0/25", "192.0.2.128/25"}));
        CHECK(halves.covers(network("192.0.2.0/24")));
        CHECK(halves.covers(network("192.0.2.64/26")));
        CHECK_FALSE(halves.covers(network("192.0.2.0/23")));
        CHECK_FALSE(halves.covers(network("192.0.3.0/24")));
    }

    TEST_CASE("a gap of one address is not covered") {
        const NetworkSet set(networks({"192.0.2.0/32", "192.0.2.2/31"}));
        CHECK_FALSE(set.covers(network("192.0.2.0/30")));
        CHECK(set.overlaps(network("192.0.2.0/30")));
        CHECK_FALSE(set.overlaps(network("192.0.2.1")));
    }

    TEST_CASE("the ends of the address space") {
        const NetworkSet everything(networks({"::/0"}));
        CHECK(everything.covers(network("::/0")));
        CHECK(everything.covers(network("255.255.255.255")));
        CHECK(everything.overlaps(network("ffff:ffff::/32")));
        const NetworkSet last(networks({"ffff::/16"}));
        CHECK_FALSE(last.overlaps(network("::/1")));
        const NetworkSet nothing({});
        CHECK_FALSE(nothing.covers(network("10.0.0.0/8")));
        CHECK_FALSE(nothing.overlaps(network("::/0")));
    }

    TEST_CASE("agrees with a look at each address") {
        std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same cases each time
        const auto pick = [&] {
            const unsigned length = 24 + static_cast<unsigned>(random()) % 9;
            const unsigned octet = random() % 256 & (0xffU << (32 - length));
            return network("192.0.2." + std::to_string(octet) + "/" + std::to_string(length));
        };
        for (int round = 0; round < 300; ++round) {
            std::vector<Network> members;
            for (unsigned count = static_cast<unsigned>(random()) % 6; count > 0; --count)
                members.push_back(pick());
            const NetworkSet set(members);
            const Network asked = pick();
            bool all = true;
            bool any = false;
            for (int octet = 0; octet < 256; ++octet) {
                const auto address = octroi::samples::address("192.0.2." + std::to_string(octet));
                if (!asked.contains(address))
                    continue;
                const bool inside = std::ranges::any_of(
                    members, [&](const Network& member) { return member.contains(address); });
                all = all && inside;
                any = any || inside;
            }
            CHECK(set.covers(asked) == all);
            CHECK(set.overlaps(asked) == any);
        }
    }

    TEST_CASE("only what is routed on the Internet can be a vendor's") {
        for (const char* text : {"8.8.8.0/24", "170.114.0.0/16", "2407:30c0::/32", "192.0.2.0/24",
                                 "172.32.0.0/11", "2000::/20", "223.255.255.0/24"})
            CHECK_MESSAGE(is_routed(network(text)), text);
        for (const char* text : {"0.0.0.0/0",   "10.1.2.3",        "100.64.0.0/10",
                                 "127.0.0.1",   "169.254.1.0/24",  "172.16.0.0/12",
                                 "172.0.0.0/8", "192.168.7.0/24",  "198.18.0.0/16",
                                 "224.0.0.1",   "255.255.255.255", "::/0",
                                 "::1",         "::/80",           "fd00::/8",
                                 "fe80::1",     "ff02::1",         "2002:a00::/24",
                                 "2001::/32",   "64:ff9b::/96"})
            CHECK_FALSE_MESSAGE(is_routed(network(text)), text);
    }
}
