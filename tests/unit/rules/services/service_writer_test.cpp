#include "rules/services/service_writer.hpp"

#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "rules/services/builtin.hpp"
#include "tests/policy/samples.hpp"

using octroi::Service;
using octroi::to_yaml;

namespace {

void check_round_trip(const Service& service) {
    CAPTURE(to_yaml(service));
    CHECK(octroi::samples::service(to_yaml(service), service.file) == service);
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
        service.ech_outer = true;
        service.verify_addresses = true;
        service.realms = {octroi::Domain::parse("turn.example").value()};
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
realms:
  - turn.example
addresses:
  exclusive:
    - 192.0.2.0/24
    - "2001:db8::/32"
ports: {udp: [3478-3481, 443]}
ech_outer: true
verify: addresses
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
