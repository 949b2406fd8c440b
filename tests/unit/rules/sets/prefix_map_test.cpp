#include "rules/sets/prefix_map.hpp"

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/policy/samples.hpp"

using octroi::Address;
using octroi::Network;
using octroi::PrefixMap;
using octroi::samples::address;
using octroi::samples::network;

namespace {

using Entries = std::vector<PrefixMap<int>::Entry>;

Entries entries(std::initializer_list<std::pair<std::string_view, int>> list) {
    Entries made;
    for (const auto& [text, value] : list)
        made.emplace_back(network(text), value);
    return made;
}

std::optional<int> look_up(const PrefixMap<int>& map, std::string_view text) {
    const int* value = map.find(address(text));
    return value == nullptr ? std::nullopt : std::optional(*value);
}

bool bit(const Address& address, unsigned index) {
    return (address.bytes[index / 8] & 0x80U >> index % 8) != 0;
}

// The definition of a prefix, bit by bit, so that nothing is shared with the code under test.
bool inside(const Network& network, const Address& address) {
    for (unsigned i = 0; i < network.length(); ++i)
        if (bit(network.first(), i) != bit(address, i))
            return false;
    return true;
}

std::optional<int> linear_search(const Entries& list, const Address& address) {
    const PrefixMap<int>::Entry* best = nullptr;
    for (const auto& entry : list)
        if (inside(entry.first, address) &&
            (best == nullptr || entry.first.length() >= best->first.length()))
            best = &entry;
    return best == nullptr ? std::nullopt : std::optional(best->second);
}

// Few values a byte, so that prefixes nest, touch and repeat.
class Generator {
  public:
    explicit Generator(unsigned seed) : random_(seed) {}

    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

    Address any_address() {
        constexpr std::array<std::uint8_t, 6> values = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
        if (below(2) == 0)
            return octroi::v4_address({values[below(6)], values[below(6)], values[below(6)],
                                       static_cast<std::uint8_t>(below(256))});
        Address made;
        for (std::uint8_t& byte : made.bytes)
            byte = values[below(6)];
        return made;
    }

    Network any_network() {
        const Address start = any_address();
        const unsigned length = below(start.is_v4() ? 33 : 129);
        const std::string text = to_string(start) + "/" + std::to_string(length);
        return network(Network::canonical(text).value());
    }

    Entries any_entries(std::size_t count) {
        Entries made;
        for (std::size_t i = 0; i < count; ++i)
            made.emplace_back(any_network(), static_cast<int>(i));
        return made;
    }

  private:
    std::mt19937 random_;
};

// Addresses at and beside the edges of every prefix, and some anywhere.
std::vector<Address> probes(const Entries& list, Generator& generator) {
    std::vector<Address> made;
    for (const auto& [network, value] : list) {
        made.push_back(network.first());
        made.push_back(network.last());
        if (const auto after = network.last().next())
            made.push_back(*after);
    }
    for (int i = 0; i < 20; ++i)
        made.push_back(generator.any_address());
    return made;
}

std::size_t disagreements(const Entries& list, const std::vector<Address>& addresses) {
    const PrefixMap<int> map(list);
    std::size_t count = 0;
    for (const Address& probe : addresses) {
        const int* found = map.find(probe);
        const auto value = found == nullptr ? std::nullopt : std::optional(*found);
        if (value != linear_search(list, probe)) {
            ++count;
            INFO("address ", to_string(probe));
            CHECK(value == linear_search(list, probe));
        }
    }
    return count;
}

}  // namespace

TEST_SUITE("prefix map") {
    TEST_CASE("an empty map holds no address") {
        const PrefixMap<int> map;
        CHECK(map.empty());
        CHECK_FALSE(look_up(map, "10.0.0.1"));
        CHECK_FALSE(look_up(map, "::"));
        CHECK_FALSE(PrefixMap<int>(entries({{"10.0.0.0/8", 1}})).empty());
    }

    TEST_CASE("the longest prefix wins, in whatever order prefixes are given") {
        for (const auto& list :
             {entries({{"10.0.0.0/8", 8}, {"10.20.0.0/16", 16}, {"10.20.4.0/24", 24}}),
              entries({{"10.20.4.0/24", 24}, {"10.0.0.0/8", 8}, {"10.20.0.0/16", 16}})}) {
            const PrefixMap<int> map(list);
            CHECK(look_up(map, "10.1.1.1") == 8);
            CHECK(look_up(map, "10.20.3.255") == 16);
            CHECK(look_up(map, "10.20.4.0") == 24);
            CHECK(look_up(map, "10.20.4.255") == 24);
            CHECK(look_up(map, "10.20.5.0") == 16);
            CHECK(look_up(map, "10.21.0.0") == 8);
        }
    }

    TEST_CASE("both ends of a prefix are inside and their neighbours outside") {
        const PrefixMap<int> map(entries({{"192.0.2.0/24", 1}, {"2001:db8::/32", 2}}));
        CHECK_FALSE(look_up(map, "192.0.1.255"));
        CHECK(look_up(map, "192.0.2.0") == 1);
        CHECK(look_up(map, "192.0.2.255") == 1);
        CHECK_FALSE(look_up(map, "192.0.3.0"));
        CHECK_FALSE(look_up(map, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"));
        CHECK(look_up(map, "2001:db8::") == 2);
        CHECK(look_up(map, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff") == 2);
        CHECK_FALSE(look_up(map, "2001:db9::"));
    }

    TEST_CASE("adjacent prefixes keep their own values") {
        const PrefixMap<int> map(
            entries({{"10.0.0.0/25", 1}, {"10.0.0.128/25", 2}, {"10.0.1.0/32", 3}}));
        CHECK(look_up(map, "10.0.0.127") == 1);
        CHECK(look_up(map, "10.0.0.128") == 2);
        CHECK(look_up(map, "10.0.1.0") == 3);
        CHECK_FALSE(look_up(map, "10.0.1.1"));
    }

    TEST_CASE("nested prefixes that end together both end") {
        const PrefixMap<int> map(
            entries({{"10.0.0.0/8", 1}, {"10.255.0.0/16", 2}, {"10.255.255.255/32", 3}}));
        CHECK(look_up(map, "10.255.255.254") == 2);
        CHECK(look_up(map, "10.255.255.255") == 3);
        CHECK_FALSE(look_up(map, "11.0.0.0"));
    }

    TEST_CASE("a prefix that holds the last address of all has nothing behind it") {
        const PrefixMap<int> map(entries({{"::/0", 0}, {"8000::/1", 1}, {"ffff::/16", 2}}));
        CHECK(look_up(map, "::") == 0);
        CHECK(look_up(map, "9000::") == 1);
        CHECK(look_up(map, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == 2);
    }

    TEST_CASE("every IPv4 address is inside 0.0.0.0/0 and no IPv6 address is") {
        const PrefixMap<int> map(entries({{"0.0.0.0/0", 4}}));
        CHECK(look_up(map, "0.0.0.0") == 4);
        CHECK(look_up(map, "255.255.255.255") == 4);
        CHECK_FALSE(look_up(map, "::1"));
        CHECK_FALSE(look_up(map, "2001:db8::1"));
        CHECK_FALSE(look_up(map, "::1:0:0:0"));
    }

    TEST_CASE("of two equal prefixes the later entry counts") {
        const PrefixMap<int> map(entries({{"10.0.0.0/8", 1}, {"10.0.0.0/8", 2}}));
        CHECK(look_up(map, "10.1.2.3") == 2);
    }

    TEST_CASE("nested values can be united, and the union ends with its prefix") {
        const PrefixMap<int> map(entries({{"10.0.0.0/8", 1},
                                          {"10.20.0.0/16", 2},
                                          {"10.20.4.0/24", 4},
                                          {"10.20.4.0/24", 8},
                                          {"10.30.0.0/16", 16}}),
                                 [](int outer, int inner) { return outer | inner; });
        CHECK(look_up(map, "10.1.1.1") == 1);
        CHECK(look_up(map, "10.20.1.1") == (1 | 2));
        CHECK(look_up(map, "10.20.4.1") == (1 | 2 | 4 | 8));
        CHECK(look_up(map, "10.20.5.1") == (1 | 2));
        CHECK(look_up(map, "10.30.0.1") == (1 | 16));
        CHECK(look_up(map, "10.31.0.1") == 1);
    }

    TEST_CASE("a lookup agrees with a linear longest-prefix search over random prefixes") {
        std::size_t lookups = 0;
        std::size_t prefixes = 0;
        for (unsigned seed = 0; seed < 200; ++seed) {
            CAPTURE(seed);
            Generator generator(seed);
            const Entries list = generator.any_entries(1 + generator.below(40));
            const auto addresses = probes(list, generator);
            REQUIRE(disagreements(list, addresses) == 0);
            lookups += addresses.size();
            prefixes += list.size();
        }
        Generator generator(1000);
        const Entries many = generator.any_entries(3000);
        auto addresses = probes(many, generator);
        addresses.resize(600);
        REQUIRE(disagreements(many, addresses) == 0);
        MESSAGE("compared ", lookups + addresses.size(), " lookups in ", prefixes + many.size(),
                " prefixes");
    }
}
