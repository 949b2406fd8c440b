#include "rules/service_writer.hpp"

#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "rules/builtin.hpp"
#include "tests/policy/samples.hpp"

using octroi::Service;
using octroi::to_yaml;

namespace {

bool same_ports(const std::vector<octroi::PortRange>& a, const std::vector<octroi::PortRange>& b) {
    return std::ranges::equal(a, b, [](octroi::PortRange x, octroi::PortRange y) {
        return x.first == y.first && x.last == y.last;
    });
}

void check_round_trip(const Service& service) {
    CAPTURE(service.name);
    const Service read = octroi::samples::service(to_yaml(service));
    CHECK(read.id == service.id);
    CHECK(read.name == service.name);
    CHECK(read.display_name == service.display_name);
    CHECK(read.vendor == service.vendor);
    CHECK(read.jurisdiction == service.jurisdiction);
    CHECK(read.category == service.category);
    CHECK(read.must_stay == service.must_stay);
    CHECK(read.domains == service.domains);
    CHECK(read.shared_domains == service.shared_domains);
    CHECK(read.exclusive == service.exclusive);
    CHECK(read.exclusive_udp == service.exclusive_udp);
    CHECK(read.shared == service.shared);
    CHECK(same_ports(read.udp_ports, service.udp_ports));
    CHECK(same_ports(read.tcp_ports, service.tcp_ports));
    CHECK(read.signatures == service.signatures);
    CHECK(read.ndpi == service.ndpi);
    CHECK(read.verify_addresses == service.verify_addresses);
    REQUIRE(read.sources.size() == service.sources.size());
    for (std::size_t i = 0; i < read.sources.size(); ++i) {
        CHECK(read.sources[i].what == service.sources[i].what);
        CHECK(read.sources[i].where == service.sources[i].where);
        CHECK(read.sources[i].date == service.sources[i].date);
    }
}

Service entry() {
    Service service = octroi::samples::service(
        "{service: acme, id: 2000, name: Acme, vendor: V, jurisdiction: 'NO', category: vpn,"
        " sources: []}");
    return service;
}

}  // namespace

TEST_SUITE("service writer") {
    TEST_CASE("each shipped entry reads as itself") {
        for (const auto& file : octroi::builtin_catalogue())
            check_round_trip(octroi::samples::service(std::string(file.text)));
    }

    TEST_CASE("an entry has the form that people write") {
        Service service = entry();
        service.must_stay = true;
        service.exclusive = {octroi::samples::network("192.0.2.0/24"),
                             octroi::samples::network("2001:db8::/32")};
        service.udp_ports = {{.first = 3478, .last = 3481}, {.first = 443, .last = 443}};
        service.sources = {{.what = "a, b", .where = "acme.example/x", .date = "2026-11-22"}};
        CHECK(to_yaml(service) == R"(service: acme
id: 2000
name: Acme
vendor: V
jurisdiction: NO
category: vpn
must_stay: true
addresses:
  exclusive:
    - 192.0.2.0/24
    - "2001:db8::/32"
ports: {udp: [3478-3481, 443]}
sources:
  - {what: "a, b", where: acme.example/x, date: 2026-11-22}
)");
    }

    TEST_CASE("text that YAML could take for something else stays text") {
        for (const char* text :
             {"",    " ",          "a ",   " a",    "null",        "~",         "true",
              "- a", "a: b",       "a #b", "#a",    "{a}",         "[a]",       "a, b",
              "\"",  "'",          "\\",   "tab\t", "line\nbreak", "caf\u00e9", "&a",
              "*a",  "!a",         "%a",   "@a",    "|",           ">",         "?",
              "---", "2026-11-22", "a  b", "\u2028"}) {
            CAPTURE(text);
            Service service = entry();
            service.display_name = text;
            service.vendor = text;
            service.ndpi = {text, text};
            service.sources = {{.what = text, .where = text, .date = text}};
            check_round_trip(service);
        }
    }

    TEST_CASE("a service may be called null") {
        Service service = entry();
        service.name = "null";
        check_round_trip(service);
    }
}
