#include "rules/refresh/refresh.hpp"

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "rules/sets/network_set.hpp"
#include "tests/policy/samples.hpp"

using octroi::AddressKind;
using octroi::compare;
using octroi::Difference;
using octroi::Domain;
using octroi::Network;
using octroi::NetworkSet;
using octroi::refreshed;
using octroi::Service;
using octroi::VendorList;
using octroi::samples::network;

namespace {

using Texts = std::vector<std::string>;

Texts texts(const std::vector<Network>& networks) {
    Texts all;
    for (const Network& network : networks)
        all.push_back(to_string(network));
    return all;
}

Texts texts(const std::vector<Domain>& names) {
    Texts all;
    for (const Domain& name : names)
        all.push_back(name.text());
    return all;
}

VendorList list(const Texts& networks, const Texts& names = {}) {
    VendorList made;
    for (const std::string& text : networks)
        made.networks.push_back(network(text));
    for (const std::string& text : names)
        made.domains.push_back(Domain::parse(std::string_view(text)).value());
    return made;
}

Service entry(const Texts& exclusive) {
    Service service;
    service.name = "acme";
    service.domains = list({}, {"acme.example"}).domains;
    service.shared_domains = list({}, {"cdn.example"}).domains;
    service.exclusive = list(exclusive).networks;
    return service;
}

Difference difference(const Texts& present, const Texts& listed) {
    const std::vector<VendorList> lists{list(listed)};
    return compare(entry(present), lists, AddressKind::exclusive);
}

}  // namespace

TEST_SUITE("refresh") {
    TEST_CASE("the same addresses in other pieces are no difference") {
        const Difference same =
            difference({"192.0.2.0/25", "192.0.2.128/25", "198.51.100.0/24"},
                       {"198.51.100.0/25", "198.51.100.128/25", "192.0.2.0/24", "192.0.2.7"});
        CHECK(same.empty());
        CHECK(texts(same.kept) == Texts{"192.0.2.0/25", "192.0.2.128/25", "198.51.100.0/24"});
    }

    TEST_CASE("what came and what went is told, in order of address") {
        const Difference found = difference({"192.0.2.0/24", "198.51.100.0/24"},
                                            {"203.0.113.0/24", "192.0.2.0/24", "8.8.8.0/24"});
        CHECK(texts(found.added) == Texts{"8.8.8.0/24", "203.0.113.0/24"});
        CHECK(texts(found.removed) == Texts{"198.51.100.0/24"});
        CHECK(texts(found.kept) == Texts{"192.0.2.0/24"});
    }

    TEST_CASE("a wider network takes the narrower ones in; a narrower one replaces the wider") {
        const Difference wider = difference({"192.0.2.0/25"}, {"192.0.2.0/24"});
        CHECK(texts(wider.added) == Texts{"192.0.2.0/24"});
        CHECK(wider.removed.empty());
        const Difference narrower = difference({"192.0.2.0/24"}, {"192.0.2.0/25"});
        CHECK(texts(narrower.added) == Texts{"192.0.2.0/25"});
        CHECK(texts(narrower.removed) == Texts{"192.0.2.0/24"});
    }

    TEST_CASE("a family that no list speaks of is kept") {
        const Difference found = difference({"192.0.2.0/24", "2001:db8::/32"}, {"198.51.100.0/24"});
        CHECK(texts(found.kept) == Texts{"2001:db8::/32"});
        CHECK(texts(found.removed) == Texts{"192.0.2.0/24"});
        CHECK(difference({"192.0.2.0/24", "2001:db8::/32"}, {}).empty());
    }

    TEST_CASE("lists count together") {
        const std::vector<VendorList> lists{list({"192.0.2.0/25"}), list({"192.0.2.128/25"})};
        CHECK(compare(entry({"192.0.2.0/24"}), lists, AddressKind::exclusive).empty());
    }

    TEST_CASE("names are added and never removed; what the entry covers is not new") {
        const std::vector<VendorList> lists{
            list({}, {"www.acme.example", "img.cdn.example", "b.new.example", "new.example",
                      "new.example", "other.example"})};
        const Difference found = compare(entry({}), lists, AddressKind::exclusive);
        CHECK(texts(found.names) == Texts{"new.example", "other.example"});
        const Service owned = refreshed(entry({}), found, {});
        CHECK(texts(owned.domains) == Texts{"acme.example", "new.example", "other.example"});
        const Difference shared = compare(entry({}), lists, AddressKind::shared);
        const Service sharing = refreshed(entry({}), shared, {});
        CHECK(texts(sharing.shared_domains) ==
              Texts{"cdn.example", "new.example", "other.example"});
    }

    TEST_CASE("each kind is compared with its own networks") {
        Service service = entry({"192.0.2.0/24"});
        service.exclusive_udp = list({"198.51.100.0/24"}).networks;
        service.shared = list({"203.0.113.0/24"}).networks;
        const std::vector<VendorList> lists{list({"198.51.100.0/24"})};
        CHECK(compare(service, lists, AddressKind::exclusive_udp).empty());
        CHECK(texts(compare(service, lists, AddressKind::exclusive).removed) ==
              Texts{"192.0.2.0/24"});
    }

    TEST_CASE("an exclusive network that is listed is not added to the shared ones") {
        Service service = entry({"192.0.2.0/24"});
        service.shared = list({"203.0.113.0/24"}).networks;
        const std::vector<VendorList> both{list({"192.0.2.0/25", "203.0.113.0/24"})};
        CHECK(compare(service, both, AddressKind::shared).empty());
        // The lists did speak of IPv4: what they no longer name goes.
        const std::vector<VendorList> one{list({"192.0.2.0/25"})};
        CHECK(texts(compare(service, one, AddressKind::shared).removed) == Texts{"203.0.113.0/24"});
    }

    TEST_CASE("the new entry has the listed addresses, no more and no fewer") {
        std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same cases each time
        const auto some = [&] {
            Texts all;
            for (unsigned count = 1 + random() % 8; count > 0; --count) {
                const unsigned length = 24 + static_cast<unsigned>(random()) % 9;
                const unsigned octet = random() % 256 & (0xffU << (32 - length));
                all.push_back("192.0.2." + std::to_string(octet) + "/" + std::to_string(length));
            }
            return all;
        };
        for (int round = 0; round < 500; ++round) {
            const std::vector<VendorList> lists{list(some())};
            const Service before = entry(some());
            const Difference found = compare(before, lists, AddressKind::exclusive);
            const Service after = refreshed(before, found, {});
            const NetworkSet wanted(lists[0].networks);
            const NetworkSet got(after.exclusive);
            for (const Network& network : after.exclusive)
                CHECK(wanted.covers(network));
            for (const Network& network : lists[0].networks)
                CHECK(got.covers(network));
            CHECK(compare(after, lists, AddressKind::exclusive).empty());
        }
    }

    TEST_CASE("everything else of the entry stays, and a source replaces its like") {
        Service service = octroi::samples::service(std::string(octroi::samples::service_texts[0]));
        service.sources = {{.what = "a", .where = "list", .date = "2026-01-01"},
                           {.what = "b", .where = "list", .date = "2026-01-01"}};
        const std::vector<octroi::Source> sources{
            {.what = "a", .where = "list", .date = "2026-11-22"}};
        const Service after = refreshed(service, {.kind = AddressKind::exclusive}, sources);
        CHECK(after.id == service.id);
        CHECK(after.domains == service.domains);
        CHECK(after.shared == service.shared);
        CHECK(after.signatures == service.signatures);
        REQUIRE(after.sources.size() == 2);
        CHECK(after.sources[0].what == "b");
        CHECK(after.sources[1].date == "2026-11-22");
    }
}
