// Tests of rules/lint/lint_rules.cpp and rules/lint/shadowing.cpp: rules that never decide.
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/policy/lint_findings.hpp"

using octroi::samples::warnings;

namespace {

using Texts = std::vector<std::string>;

constexpr std::string_view zones =
    "zones:\n"
    "  interior: [10.20.0.0/16]\n"
    "  pilot: [10.20.4.0/24]\n"
    "  phones: {networks: [10.64.0.0/12], interfaces: [wwan0]}\n"
    "  modem: {interfaces: [wwan0, wwan1]}\n";

// `first` and `last` are the conditions of two rules that refuse.
Texts two(std::string_view first, std::string_view last) {
    return warnings(std::string(zones) + "rules:\n- {name: a, then: drop, " + std::string(first) +
                    "}\n- {name: b, then: reject, " + std::string(last) + "}\n");
}

const Texts b_is_dead = {"W001: `b` never decides: `a` takes all its flows first"};

}  // namespace

TEST_SUITE("lint rules") {
    TEST_CASE("a rule behind one that takes all its flows never decides") {
        CHECK(two("when: {}", "when: {service: zoom}") == b_is_dead);
        CHECK(two("when: {zone: interior}", "when: {zone: pilot}") == b_is_dead);
        CHECK(two("when: {zone: interior}", "when: {client: 10.20.9.0/24}") == b_is_dead);
        CHECK(two("when: {client: 10.0.0.0/8}", "when: {zone: interior, service: x}") == b_is_dead);
        CHECK(two("when: {category: video-conferencing}", "when: {service: [zoom, teams]}") ==
              b_is_dead);
        CHECK(two("when: {vendor: Microsoft}", "when: {service: teams, jurisdiction: US}") ==
              b_is_dead);
        CHECK(two("when: {service: {not: zoom}}", "when: {category: messaging}") == b_is_dead);
        CHECK(two("when: {name: zoom.us}", "when: {name: [a.zoom.us, =b.zoom.us, =zoom.us]}") ==
              b_is_dead);
        CHECK(two("when: {address: 203.0.113.0/24}", "when: {address: 203.0.113.9, port: 443}") ==
              b_is_dead);
        CHECK(two("when: {port: 400-500}", "when: {port: [443, 450-460]}") == b_is_dead);
        CHECK(two("when: {transport: {not: tcp}}", "when: {transport: [udp, icmp]}") == b_is_dead);
        CHECK(two("when: {protocol: [TLS, QUIC]}", "when: {protocol: TLS}") == b_is_dead);
        CHECK(two("when: {application: {not: Zoom}}", "when: {application: YouTube}") == b_is_dead);
        CHECK(two("when: {strength: [observed, certain]}", "when: {strength: certain}") ==
              b_is_dead);
        CHECK(two("when: {ech: true}", "when: {ech: true, name: x.com}") == b_is_dead);
        CHECK(two("when: {zone: modem}", "when: {client: 10.1.1.1, zone: modem}") == b_is_dead);
    }

    TEST_CASE("a rule with a flow of its own is left alone") {
        CHECK(two("when: {zone: pilot}", "when: {zone: interior}").empty());
        CHECK(two("when: {service: zoom}", "when: {category: video-conferencing}").empty());
        CHECK(two("when: {service: zoom}", "when: {name: zoom.us}").empty());
        CHECK(two("when: {name: =zoom.us}", "when: {name: zoom.us}").empty());
        CHECK(two("when: {name: a.zoom.us}", "when: {name: b.zoom.us}").empty());
        CHECK(two("when: {port: 443}", "when: {port: 400-500}").empty());
        CHECK(two("when: {protocol: TLS}", "when: {application: Zoom}").empty());
        CHECK(two("when: {zone: phones}", "when: {zone: modem}").empty());  // wwan1
        CHECK(two("when: {zone: modem}", "when: {zone: phones}").empty());
        CHECK(two("when: {client: 10.0.0.0/8}", "when: {client: \"::/0\"}").empty());
    }

    TEST_CASE("several rules take all flows of one together") {
        const Texts found =
            warnings(std::string(zones) +
                     "rules:\n"
                     "- {name: other-countries, then: drop, when: {jurisdiction: {not: FR}}}\n"
                     "- {name: visio, then: drop, when: {service: visio}}\n"
                     "- {name: conferencing, then: drop, when: {category: video-conferencing}}\n");
        CHECK(found == Texts{"W001: `conferencing` never decides: `other-countries` and `visio` "
                             "together take all its flows first"});
        CHECK(two("when: {client: 10.0.0.0/9}", "when: {client: 10.0.0.0/8}").empty());
        CHECK(warnings("rules:\n"
                       "- {name: a, then: drop, when: {client: 10.0.0.0/9}}\n"
                       "- {name: b, then: drop, when: {client: 10.128.0.0/9, port: 0-1023}}\n"
                       "- {name: c, then: drop, when: {port: 1024-65535}}\n"
                       "- {name: d, then: drop, when: {client: 10.0.0.0/8}}\n") ==
              Texts{"W001: `d` never decides: `a`, `b` and `c` together take all its flows first"});
    }

    TEST_CASE("hours and dates are flows' moments") {
        CHECK(two("hours: Mon-Fri 07:00-20:00", "hours: Tue 08:00-09:00") == b_is_dead);
        CHECK(two("hours: 22:00-06:00", "hours: Mon 00:00-05:00") == b_is_dead);
        CHECK(two("hours: Sun 22:00-06:00", "hours: Mon 00:00-05:00") == b_is_dead);
        CHECK(two("hours: Mon-Fri 07:00-20:00", "hours: Sat 08:00-09:00").empty());
        CHECK(two("hours: Mon-Fri 07:00-20:00", "when: {service: zoom}").empty());
        CHECK(two("hours: [00:00-12:00, 12:00-24:00]", "when: {service: zoom}") == b_is_dead);
        CHECK(two("from: 2026-12-01", "from: 2027-01-01") == b_is_dead);
        CHECK(two("from: 2026-12-01", "when: {service: zoom}").empty());
        CHECK(two("from: 2026-11-01", "when: {service: zoom}") == b_is_dead);
        CHECK(two("until: 2027-06-30", "until: 2027-03-31") == b_is_dead);
        CHECK(two("until: 2027-03-31", "until: 2027-06-30").empty());
    }

    TEST_CASE("a monitored rule hides no enforced one; one that is surely enforced does") {
        CHECK(two("mode: monitor", "when: {service: zoom}").empty());
        CHECK(two("mode: monitor", "mode: monitor") == b_is_dead);
        CHECK(two("mode: enforce", "mode: monitor") == b_is_dead);
        CHECK(two("rollout: [{from: 2026-01-01, percent: 50}]", "when: {service: zoom}").empty());
        CHECK(two("rollout: [{from: 2026-01-01}]", "when: {service: zoom}") == b_is_dead);
        CHECK(two("rollout: [{from: 2027-01-01}]", "when: {service: zoom}").empty());
        CHECK(two("rollout: [{from: 2027-01-01}]", "rollout: [{from: 2027-02-01}]") == b_is_dead);
        CHECK(two("rollout: [{from: 2026-01-01, zone: pilot}]", "when: {zone: pilot}") ==
              b_is_dead);
        CHECK(two("rollout: [{from: 2026-01-01, zone: pilot}]", "when: {zone: interior}").empty());
    }

    TEST_CASE("who accepts a service asks for its address where the service does") {
        const auto accepts = [](std::string_view service) {
            return warnings(
                "rules:\n- {name: a, then: accept, when: {service: " + std::string(service) +
                "}}\n- {name: b, then: drop, when: {service: " + std::string(service) + "}}\n");
        };
        CHECK(accepts("zoom") == b_is_dead);
        CHECK(accepts("visio").empty());
    }

    TEST_CASE("exemptions come before all rules") {
        CHECK(warnings("exemptions:\n"
                       "- {name: e, until: 2027-03-31, owner: o, ticket: t, when: {service: x}}\n"
                       "rules:\n"
                       "- {name: b, then: drop, until: 2027-01-01, when: {service: x}}\n") ==
              Texts{"W001: `b` never decides: the exemption `e` takes all its flows first"});
    }

    TEST_CASE("conditions that no flow fulfils are named") {
        const auto one = [](std::string_view when) {
            const Texts found = warnings(std::string(zones) +
                                         "lists: {numbers: [192.0.2.1], names: [a.example]}\n"
                                         "rules:\n- {name: b, then: drop, when: {" +
                                         std::string(when) + "}}\n");
            return found.empty() ? std::string() : found.front();
        };
        const std::string start = "W002: no flow fulfils the conditions of `b`: ";
        CHECK(one("zone: pilot, client: 10.20.9.0/24") ==
              start + "no client is in its `zone` and in its `client` networks");
        CHECK(one("zone: phones, client: 10.20.9.0/24").empty());  // by its interface
        CHECK(one("unclassified: true, service: zoom") ==
              start + "an unclassified flow has no service");
        CHECK(one("unclassified: true, name: zoom.us") ==
              start + "an unclassified flow has no name");
        CHECK(one("unclassified: true, name: {not: zoom.us}").empty());
        CHECK(one("strength: none, service: zoom") ==
              start + "a service is never believed with strength `none`");
        CHECK(one("transport: other, port: 443") == start + "only tcp, udp and icmp have ports");
        CHECK(one("client: 10.0.0.0/8, address: \"2001:db8::/32\"") ==
              start + "client and server are of one family, IPv4 or IPv6");
        CHECK(one("port: {not: 0-65535}") == start + "`port` leaves none");
        CHECK(one("transport: {not: [tcp, udp, icmp, other]}") ==
              start + "`transport` leaves none");
        CHECK(one("name: $numbers") == start + "`name` stands for no name");
        CHECK(one("client: $names") == start + "`client` stands for no network");
        CHECK(one("address: $numbers").empty());
    }

    TEST_CASE("a policy made to cost much time is not looked at to the end, and that is said") {
        std::string text = "rules:\n";
        for (int i = 0; i < 3000; ++i) {
            const std::string number = std::to_string(i + 1);
            text += "- {name: r" + number + ", then: drop, when: {client: 10." +
                    std::to_string(i / 256) + "." + std::to_string(i % 256) +
                    ".0/24, port: {not: " + number + "}}}\n";
        }
        const Texts found =
            warnings(text + "- {name: all, then: drop, when: {client: 10.0.0.0/8}}\n");
        REQUIRE(found.size() == 1);
        CHECK(found.front().starts_with("W011: "));
    }
}
