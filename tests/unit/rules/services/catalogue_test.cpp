#include "rules/services/catalogue.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/policy/samples.hpp"

using octroi::Catalogue;
using octroi::Code;
using octroi::Finding;
using octroi::Service;
using octroi::samples::address;
using octroi::samples::service;

namespace {

std::string_view name_of(const Service* service) {
    return service == nullptr ? "none" : std::string_view(service->name);
}

// An entry with nothing in it but what `more` says.
Service entry(std::string_view name, int id, std::string_view more) {
    return service("{service: " + std::string(name) + ", id: " + std::to_string(id) +
                       ", name: N, vendor: V, jurisdiction: FR, category: vpn, sources: []" +
                       std::string(more) + "}",
                   std::string(name) + ".yaml");
}

std::vector<Finding> conflicts(std::vector<Service> services) {
    std::vector<Finding> findings;
    const auto catalogue = Catalogue::build(std::move(services), findings);
    CHECK(catalogue.has_value() == findings.empty());
    return findings;
}

}  // namespace

TEST_SUITE("catalogue tables") {
    TEST_CASE("services are found by name and by number, and only those") {
        const Catalogue catalogue = octroi::samples::catalogue();
        CHECK(name_of(catalogue.find("zoom")) == "zoom");
        CHECK(catalogue.find("Zoom") == nullptr);
        CHECK(catalogue.find("") == nullptr);
        CHECK(name_of(catalogue.find(octroi::ServiceId{2047})) == "x");
        CHECK(catalogue.find(octroi::no_service) == nullptr);
        CHECK(catalogue.find(octroi::ServiceId{3}) == nullptr);
        CHECK(catalogue.find(octroi::ServiceId{2048}) == nullptr);
        CHECK(catalogue.find(octroi::ServiceId{65535}) == nullptr);
    }

    TEST_CASE("services stand in the order of their numbers, whatever order they came in") {
        std::vector<Finding> findings;
        const auto catalogue =
            Catalogue::build({entry("c", 9, ""), entry("a", 3, ""), entry("b", 7, "")}, findings);
        REQUIRE(catalogue);
        CHECK(catalogue->names() == std::vector<std::string_view>{"a", "b", "c"});
    }

    TEST_CASE("a domain means itself and its subdomains, not names that end like it") {
        const Catalogue catalogue = octroi::samples::catalogue();
        CHECK(name_of(catalogue.find_domain("zoom.us")) == "zoom");
        CHECK(name_of(catalogue.find_domain("us05web.zoom.us")) == "zoom");
        CHECK(name_of(catalogue.find_domain("a.b.c.zoom.us")) == "zoom");
        CHECK(catalogue.find_domain("evilzoom.us") == nullptr);
        CHECK(catalogue.find_domain("zoom.us.evil.example") == nullptr);
        CHECK(catalogue.find_domain("us") == nullptr);
        CHECK(catalogue.find_domain("") == nullptr);
    }

    TEST_CASE("the most specific domain wins") {
        const Catalogue catalogue = octroi::samples::catalogue();
        CHECK(name_of(catalogue.find_domain("teams.microsoft.com")) == "teams");
        CHECK(name_of(catalogue.find_domain("eu.teams.microsoft.com")) == "teams");
        CHECK(name_of(catalogue.find_domain("www.microsoft.com")) == "outlook");
        CHECK(name_of(catalogue.find_domain("myteams.microsoft.com")) == "outlook");
    }

    TEST_CASE("exclusive networks of both families are found, shared ones never") {
        const Catalogue catalogue = octroi::samples::catalogue();
        CHECK(name_of(catalogue.find_address(address("170.114.52.2"))) == "zoom");
        CHECK(name_of(catalogue.find_address(address("2407:30c0::1"))) == "zoom");
        CHECK(name_of(catalogue.find_address(address("52.115.255.255"))) == "teams");
        CHECK(catalogue.find_address(address("52.116.0.0")) == nullptr);
        CHECK(catalogue.find_address(address("20.203.158.81")) == nullptr);
    }

    TEST_CASE("a network inside another service's network wins") {
        std::vector<Finding> findings;
        const auto catalogue =
            Catalogue::build({entry("cloud", 1, ", addresses: {exclusive: [192.0.2.0/24]}"),
                              entry("tenant", 2, ", addresses: {exclusive: [192.0.2.16/28]}")},
                             findings);
        REQUIRE(catalogue);
        CHECK(name_of(catalogue->find_address(address("192.0.2.15"))) == "cloud");
        CHECK(name_of(catalogue->find_address(address("192.0.2.16"))) == "tenant");
        CHECK(name_of(catalogue->find_address(address("192.0.2.32"))) == "cloud");
    }
}

TEST_SUITE("catalogue conflicts") {
    TEST_CASE("two services with one number") {
        const auto findings = conflicts({entry("a", 7, ""), entry("b", 7, "")});
        REQUIRE(findings.size() == 1);
        CHECK(findings[0].code == Code::conflicting_claim);
        CHECK(findings[0].file == "b.yaml");
        CHECK(findings[0].text == "service `b` claims id 7, which belongs to `a` (a.yaml)");
    }

    TEST_CASE("two services with one domain") {
        const auto findings = conflicts({entry("a", 1, ", domains: [d.example, e.example]"),
                                         entry("b", 2, ", domains: [E.example]")});
        REQUIRE(findings.size() == 1);
        CHECK(findings[0].code == Code::conflicting_claim);
        CHECK(findings[0].text == "service `b` claims e.example, which belongs to `a` (a.yaml)");
    }

    TEST_CASE("two services with one exclusive network") {
        const auto findings =
            conflicts({entry("a", 1, ", addresses: {exclusive: [192.0.2.0/24]}"),
                       entry("b", 2, ", addresses: {exclusive: [198.51.100.0/24, 192.0.2.0/24]}")});
        REQUIRE(findings.size() == 1);
        CHECK(findings[0].text == "service `b` claims 192.0.2.0/24, which belongs to `a` (a.yaml)");
    }

    TEST_CASE("every conflict is reported, not only the first") {
        CHECK(conflicts({entry("a", 1, ", domains: [d.example, e.example]"),
                         entry("b", 1, ", domains: [d.example, e.example]")})
                  .size() == 3);
    }

    TEST_CASE("a network that is one's over UDP is nobody else's") {
        CHECK(conflicts({entry("a", 1, ", addresses: {exclusive: [192.0.2.0/24]}"),
                         entry("b", 2, ", addresses: {exclusive_udp: [192.0.2.0/24]}")})
                  .size() == 1);
    }

    TEST_CASE("shared domains and networks are nobody's alone") {
        const std::string_view shared =
            ", shared_domains: [d.example], addresses: {shared: [192.0.2.0/24]}";
        CHECK(conflicts({entry("a", 1, shared), entry("b", 2, shared)}).empty());
    }

    TEST_CASE("a service may repeat itself and hold subdomains of its own or of others") {
        CHECK(conflicts({entry("a", 1, ", domains: [d.example, d.example, x.d.example]"),
                         entry("b", 2, ", domains: [b.d.example]")})
                  .empty());
        CHECK(conflicts({entry("a", 1, ", addresses: {exclusive: [192.0.2.0/24, 192.0.2.0/24]}")})
                  .empty());
    }
}

TEST_SUITE("catalogue overriding") {
    TEST_CASE("a later entry of one name replaces the earlier one and all its claims") {
        std::vector<Finding> findings;
        const auto catalogue = Catalogue::build(
            {entry("a", 1, ", domains: [old.example], addresses: {exclusive: [192.0.2.0/24]}"),
             entry("b", 2, ""), entry("a", 1, ", domains: [new.example]")},
            findings);
        REQUIRE(catalogue);
        CHECK(catalogue->services().size() == 2);
        CHECK(catalogue->find_domain("old.example") == nullptr);
        CHECK(catalogue->find_address(address("192.0.2.1")) == nullptr);
        CHECK(name_of(catalogue->find_domain("new.example")) == "a");
    }

    TEST_CASE("a replacement may take another number, and its old one is free") {
        std::vector<Finding> findings;
        const auto catalogue =
            Catalogue::build({entry("a", 1, ""), entry("a", 5, ""), entry("c", 1, "")}, findings);
        REQUIRE(catalogue);
        CHECK(name_of(catalogue->find(octroi::ServiceId{5})) == "a");
        CHECK(name_of(catalogue->find(octroi::ServiceId{1})) == "c");
    }
}
