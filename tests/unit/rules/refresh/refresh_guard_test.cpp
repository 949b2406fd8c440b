#include "rules/refresh/refresh_guard.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "rules/policy/loader.hpp"
#include "tests/policy/samples.hpp"

using octroi::AddressKind;
using octroi::Catalogue;
using octroi::Difference;
using octroi::Domain;
using octroi::Network;
using octroi::Refusal;
using octroi::Service;
using octroi::samples::network;
using octroi::samples::networks;

namespace {

// As many networks as somebody needs to change one of them.
std::vector<Network> many(int count) {
    std::vector<Network> all;
    for (int i = 0; i < count; ++i)
        all.push_back(network("8.8." + std::to_string(i) + ".0/28"));
    return all;
}

std::vector<std::string> whys(const Difference& difference, bool allow_large_change = false,
                              std::string_view subject = "zoom") {
    Service must_stay = octroi::samples::service(
        "{service: etat, id: 7, name: E, vendor: V, jurisdiction: FR, category: messaging,"
        " must_stay: true, domains: [etat.gouv.fr], shared_domains: [beta.gouv.fr], sources: [],"
        " addresses: {exclusive: [194.57.3.58], shared: [194.214.202.128/26]}}");
    const Catalogue catalogue = octroi::samples::catalogue();
    std::vector<const Service*> others{&must_stay};
    for (const Service& service : catalogue.services())
        others.push_back(&service);
    const Service* service = subject == "etat" ? &must_stay : catalogue.find(subject);
    std::vector<std::string> texts;
    for (const Refusal& refusal : refusals(*service, difference, others, allow_large_change)) {
        CHECK_FALSE(refusal.hint.empty());
        texts.push_back(refusal.why);
    }
    return texts;
}

std::vector<std::string> whys_of_network(std::string_view text,
                                         AddressKind kind = AddressKind::exclusive) {
    return whys({.kind = kind, .kept = many(9), .added = networks({text})});
}

std::vector<std::string> whys_of_name(std::string_view name,
                                      AddressKind kind = AddressKind::exclusive) {
    return whys({.kind = kind, .kept = many(9), .names = {Domain::parse(name).value()}}, true);
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_SUITE("refresh guard") {
    TEST_CASE("nothing is said of a small change into free address space") {
        CHECK(whys({.kept = many(9)}).empty());
        CHECK(whys_of_network("203.0.113.0/24").empty());
    }

    TEST_CASE("30 % of the networks may change, added and removed counted together") {
        const auto added = networks({"9.9.0.0/24", "9.9.1.0/24"});
        const auto removed = networks({"9.9.2.0/24"});
        CHECK(whys({.kept = many(9), .added = added, .removed = removed}).empty());
        CHECK(whys({.kept = many(8), .added = added, .removed = removed}) ==
              Texts{"3 of 9 networks change, more than 30 %"});
        CHECK(whys({.kept = many(8), .added = added, .removed = removed}, true).empty());
        CHECK(whys({.added = added}) ==
              Texts{"the entry has no such networks yet, and would get 2"});
        CHECK(whys({.removed = removed}) == Texts{"1 of 1 networks change, more than 30 %"});
    }

    TEST_CASE("names are counted by themselves") {
        const Difference difference{.kept = many(90),
                                    .names = {Domain::parse("new.example").value()}};
        CHECK(whys(difference) == Texts{"1 of 2 names change, more than 30 %"});
        CHECK(whys(difference, true).empty());
    }

    TEST_CASE("a network of what must stay is refused, whatever is allowed") {
        const Texts expected{"194.57.0.0/16 overlaps 194.57.3.58/32 of `etat`, which must stay"};
        CHECK(whys_of_network("194.57.0.0/16") == expected);
        CHECK(whys({.added = networks({"194.57.0.0/16"})}, true) == expected);
        CHECK(whys_of_network("194.57.3.58/32", AddressKind::exclusive_udp).size() == 1);
        CHECK(whys_of_network("194.214.202.130").size() == 1);  // shared there
        CHECK(whys_of_network("194.57.3.59/32").empty());
    }

    TEST_CASE("an entry that already overlaps what must stay is not written again") {
        CHECK(whys({.kept = networks({"194.57.0.0/16"})}).size() == 1);
    }

    TEST_CASE("an exclusive network of another service is refused, a shared one is not") {
        CHECK(whys_of_network("52.112.7.0/24") ==
              Texts{"52.112.7.0/24 overlaps 52.112.0.0/14 of `teams`"});
        CHECK(whys_of_network("148.253.98.0/24").empty());
        CHECK(whys({.kept = networks({"52.112.7.0/24"})}).empty());  // nested before: legal
    }

    TEST_CASE("its own networks and names are no obstacle") {
        CHECK(whys({.kept = many(9), .added = networks({"170.114.0.0/16"})}).empty());
        CHECK(whys({.kept = many(9), .added = networks({"194.57.3.58"})}, false, "etat").empty());
        CHECK(whys_of_name("zoom.us").empty());
    }

    TEST_CASE("shared networks and names decide nothing, and may be anybody's") {
        CHECK(whys_of_network("194.57.0.0/16", AddressKind::shared).empty());
        CHECK(whys_of_name("etat.gouv.fr", AddressKind::shared).empty());
        CHECK(whys({.kind = AddressKind::shared,
                    .kept = many(9),
                    .added = networks({"9.9.9.0/24"}),
                    .of_a_cloud = true})
                  .empty());
    }

    TEST_CASE("no vendor owns a network that is too wide, or none of the Internet's") {
        CHECK(whys_of_network("11.0.0.0/8").empty());
        CHECK(whys_of_network("12.0.0.0/7") == Texts{"12.0.0.0/7 is wider than /8: no vendor's"});
        CHECK(whys_of_network("2400::/20").empty());
        CHECK(whys_of_network("2400::/19") == Texts{"2400::/19 is wider than /20: no vendor's"});
        CHECK(whys_of_network("10.1.0.0/16", AddressKind::shared) ==
              Texts{"10.1.0.0/16 is private, multicast or reserved: no vendor's"});
        for (const char* text : {"127.0.0.0/8", "224.0.0.0/24", "fe80::/64", "ff00::/24", "::1"})
            CHECK_MESSAGE(whys_of_network(text).size() == 1, text);
        CHECK_FALSE(whys_of_network("0.0.0.0/0").empty());
        CHECK_FALSE(whys_of_network("::/0").empty());
    }

    TEST_CASE("the customers' addresses of a cloud are not exclusive") {
        CHECK(whys({.kept = many(9), .added = networks({"9.9.9.0/24"}), .of_a_cloud = true}) ==
              Texts{"the list gives addresses that strangers rent of a cloud"});
        CHECK(whys({.kept = many(9), .of_a_cloud = true}).empty());
    }

    TEST_CASE("a name at, above or beneath another service's is refused") {
        CHECK(whys_of_name("etat.gouv.fr") ==
              Texts{"etat.gouv.fr overlaps etat.gouv.fr of `etat`, which must stay"});
        CHECK(whys_of_name("www.etat.gouv.fr").size() == 1);
        CHECK(whys_of_name("gouv.fr").size() == 4);  // the sample's visio and tchap as well
        CHECK(whys_of_name("a.beta.gouv.fr").size() == 1);
        CHECK(whys_of_name("eu.teams.microsoft.com").size() == 1);
        CHECK(whys_of_name("not-etat.gouv.fr").empty());
        CHECK(whys_of_name("com").front() == "`com` is a whole top-level domain");
    }

    TEST_CASE("no more reasons are collected than anybody reads") {
        Difference difference;
        for (int i = 0; i < 200; ++i)
            difference.added.push_back(network("10.0." + std::to_string(i) + ".0/24"));
        CHECK(whys(difference).size() == 100);
    }

    TEST_CASE("the state's services of the shipped catalogue must stay") {
        const auto catalogue = octroi::load_catalogue(std::nullopt);
        REQUIRE(catalogue);
        Texts marked;
        for (const Service& service : catalogue->services())
            if (service.must_stay)
                marked.push_back(service.name);
        CHECK(marked ==
              Texts{"visio", "tchap", "olvid", "webconf", "webinaire", "comu", "renater"});
    }
}
