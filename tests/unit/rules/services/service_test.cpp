#include "rules/services/service.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/policy/samples.hpp"

using octroi::Code;
using octroi::Finding;
using octroi::Position;
using octroi::Service;

namespace {

constexpr std::string_view complete = R"(service: acme-call
id: 2000
name: Acme Call
vendor: Acme
jurisdiction: DE
category: video-conferencing
must_stay: true
domains: [acme.example, CALL.acme.example.]
shared_domains: [cdn.example]
addresses:
  exclusive: [192.0.2.0/24, "2001:db8::/32"]
  exclusive_udp: [203.0.113.0/24]
  shared: [198.51.100.0/24]
ports: {udp: [3478-3481, 5000], tcp: [443]}
signatures: [zoom-sfu]
ndpi: [Acme, AcmeCall]
verify: addresses
sources: [{what: all, where: example.org, date: 2026-01-02}]
)";

// The complete entry with one line replaced; the line is named by how it starts.
std::string with(std::string_view start, std::string_view line) {
    std::string text(complete);
    const std::size_t begin = text.find(start);
    const std::size_t end = text.find('\n', begin);
    return text.replace(begin, end - begin, line);
}

std::vector<Finding> findings_of(const std::string& text) {
    std::vector<Finding> findings;
    const auto service = octroi::read_service(octroi::samples::document(text), findings);
    CHECK(service.has_value() == findings.empty());
    return findings;
}

Finding only_finding(const std::string& text) {
    CAPTURE(text);
    const auto findings = findings_of(text);
    REQUIRE(findings.size() == 1);
    return findings.front();
}

}  // namespace

TEST_SUITE("service") {
    TEST_CASE("a complete entry is read field by field") {
        const Service service = octroi::samples::service(std::string(complete), "acme.yaml");
        CHECK(service.name == "acme-call");
        CHECK(service.id == 2000);
        CHECK(service.display_name == "Acme Call");
        CHECK(service.vendor == "Acme");
        CHECK(service.jurisdiction == "DE");
        CHECK(service.category == octroi::Category::video_conferencing);
        REQUIRE(service.domains.size() == 2);
        CHECK(service.domains[1].text() == "call.acme.example");
        REQUIRE(service.shared_domains.size() == 1);
        REQUIRE(service.exclusive.size() == 2);
        CHECK(to_string(service.exclusive[1]) == "2001:db8::/32");
        REQUIRE(service.exclusive_udp.size() == 1);
        CHECK(to_string(service.exclusive_udp[0]) == "203.0.113.0/24");
        REQUIRE(service.shared.size() == 1);
        CHECK(to_string(service.shared[0]) == "198.51.100.0/24");
        REQUIRE(service.udp_ports.size() == 2);
        CHECK(service.udp_ports[0].last == 3481);
        REQUIRE(service.tcp_ports.size() == 1);
        CHECK(service.tcp_ports[0].first == 443);
        CHECK(service.signatures == std::vector{octroi::Signature::zoom_sfu});
        CHECK(service.ndpi == std::vector<std::string>{"Acme", "AcmeCall"});
        CHECK(service.verify_addresses);
        CHECK(service.must_stay);
        REQUIRE(service.sources.size() == 1);
        CHECK(service.sources[0].date == "2026-01-02");
        CHECK(service.file == "acme.yaml");
    }

    TEST_CASE("what identifies a service may all be absent, and a name then permits alone") {
        const Service service = octroi::samples::service(
            "{service: s, id: 1, name: S, vendor: V, jurisdiction: FR, category: vpn, "
            "sources: []}");
        CHECK(service.domains.empty());
        CHECK(service.exclusive.empty());
        CHECK_FALSE(service.verify_addresses);
        CHECK_FALSE(service.must_stay);
    }

    TEST_CASE("each required key is missed by name") {
        for (const std::string_view key :
             {"service", "id", "name", "vendor", "jurisdiction", "category", "sources"}) {
            CAPTURE(key);
            const Finding finding = only_finding(with(std::string(key) + ":", "# gone"));
            CHECK(finding.code == Code::missing_key);
            CHECK(finding.text == "a catalogue entry needs `" + std::string(key) + "`");
        }
    }

    TEST_CASE("numbers go from 1 to 2047, as the mark has room for") {
        CHECK(findings_of(with("id:", "id: 1")).empty());
        CHECK(findings_of(with("id:", "id: 2047")).empty());
        CHECK(only_finding(with("id:", "id: 0")).code == Code::bad_value);
        CHECK(only_finding(with("id:", "id: 2048")).position == Position{.line = 2, .column = 5});
    }

    TEST_CASE("service names are lower case words with dashes") {
        CHECK(findings_of(with("service:", "service: 8x8-meet")).empty());
        for (const char* name : {"Zoom", "zoom us", "-zoom", "zoom_us", "''", "zoöm"}) {
            CAPTURE(name);
            const Finding finding = only_finding(with("service:", std::string("service: ") + name));
            CHECK(finding.code == Code::bad_value);
            CHECK(finding.position == Position{.line = 1, .column = 10});
        }
        CHECK(findings_of(with("service:", "service: " + std::string(48, 'a'))).empty());
        CHECK(findings_of(with("service:", "service: " + std::string(49, 'a'))).size() == 1);
    }

    TEST_CASE("countries are two capital letters") {
        for (const char* country : {"fr", "FRA", "F", "F1", "France"}) {
            CAPTURE(country);
            CHECK(
                only_finding(with("jurisdiction:", std::string("jurisdiction: ") + country)).code ==
                Code::bad_value);
        }
        CHECK(findings_of(with("jurisdiction:", "jurisdiction: NO")).empty());
    }

    TEST_CASE("categories, signatures and kinds of verification are closed sets") {
        CHECK(only_finding(with("category:", "category: video-conferencng")).hint ==
              "did you mean `video-conferencing`?");
        CHECK(only_finding(with("signatures:", "signatures: [zoom-sfu, zoom-sfx]")).position ==
              Position{.line = 15, .column = 24});
        CHECK(only_finding(with("verify:", "verify: names")).code == Code::bad_value);
        CHECK(only_finding(with("must_stay:", "must_stay: yes")).code == Code::bad_value);
    }

    TEST_CASE("every category is read under its name") {
        for (std::size_t i = 0; i < octroi::category_names.size(); ++i) {
            const auto service = octroi::samples::service(
                with("category:", "category: " + std::string(octroi::category_names[i])));
            CHECK(static_cast<std::size_t>(service.category) == i);
        }
    }

    TEST_CASE("each wrong element of a list is reported at its own place") {
        const auto findings = findings_of(with("domains:", "domains: [a.example, '*.b', 'c d']"));
        REQUIRE(findings.size() == 2);
        CHECK(findings[0].position == Position{.line = 8, .column = 22});
        CHECK(findings[1].position == Position{.line = 8, .column = 29});
        CHECK(only_finding(with("  exclusive:", "  exclusive: [192.0.2.1/24]")).code ==
              Code::bad_network);
        CHECK(only_finding(with("ports:", "ports: {udp: [70000]}")).code == Code::bad_port);
    }

    TEST_CASE("lists must be lists and maps maps") {
        CHECK(only_finding(with("domains:", "domains: a.example")).code == Code::wrong_type);
        CHECK(only_finding(with("ports:", "ports: [443]")).code == Code::wrong_type);
        CHECK(only_finding(with("sources:", "sources: [hearsay]")).code == Code::wrong_type);
    }

    TEST_CASE("unknown keys are refused at every level") {
        CHECK(only_finding(with("verify:", "verifiy: addresses")).hint == "did you mean `verify`?");
        CHECK(only_finding(with("  shared:", "  sharde: []")).hint == "did you mean `shared`?");
        CHECK(only_finding(with("ports:", "ports: {upd: [443]}")).code == Code::unknown_key);
        CHECK(only_finding(with("sources:", "sources: [{what: a, where: b, date: c, url: d}]"))
                  .code == Code::unknown_key);
    }

    TEST_CASE("all findings of an entry come at once") {
        CHECK(findings_of("{service: A, id: 0, name: [], category: x, jurisdiction: f}").size() ==
              7);
    }
}
