#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/policy/lint_findings.hpp"

using octroi::samples::warnings;

namespace {

using Texts = std::vector<std::string>;

Texts exemption(std::string_view moment, std::string_view until = "2027-03-31") {
    return warnings("defaults: {timezone: Europe/Paris}\nexemptions:\n- {name: press, until: " +
                        std::string(until) +
                        ", owner: press office, ticket: SEC-1, when: {service: x}}\nrules: []\n",
                    moment);
}

Texts rule(std::string_view text) {
    return warnings(
        "zones: {pilot: [10.20.4.0/24]}\nrules:\n- {name: r, then: drop, when: "
        "{service: zoom}, " +
        std::string(text) + "}\n");
}

}  // namespace

TEST_SUITE("lint dates") {
    TEST_CASE("an exemption that ended, ends soon or ends far away is told") {
        CHECK(exemption("2027-04-01") ==
              Texts{"W004: the exemption `press` ended at 2027-04-01T00:00:00+02:00"});
        CHECK(exemption("2027-03-31T23:59") ==
              Texts{"W005: the exemption `press` ends in 0 days, at 2027-04-01T00:00:00+02:00"});
        CHECK(exemption("2027-03-20") ==
              Texts{"W005: the exemption `press` ends in 11 days, at 2027-04-01T00:00:00+02:00"});
        CHECK(exemption("2027-03-01").empty());
        CHECK(exemption("2026-11-22", "2035-01-01") ==
              Texts{"W006: the exemption `press` ends only at 2035-01-02T00:00:00+01:00, more than "
                    "two years from now"});
        CHECK(exemption("2026-11-22", "2028-11-01").empty());
    }

    TEST_CASE("a rule whose dates have passed is told, and no other reason beside it") {
        CHECK(rule("until: 2026-11-21") == Texts{"W003: `r` ended at 2026-11-22T00:00:00+00:00"});
        CHECK(rule("until: 2026-11-22").empty());
        CHECK(rule("from: 2027-01-01").empty());
    }

    TEST_CASE("hours that never come between two dates are told") {
        CHECK(rule("from: 2026-11-23, until: 2026-11-24, hours: Sat 08:00-12:00") ==
              Texts{"W002: the hours of `r` never come between its dates"});
        CHECK(rule("from: 2026-11-23, until: 2026-11-28, hours: Sat 08:00-12:00").empty());
        CHECK(rule("from: 2026-11-28T09:00, until: 2026-11-28T10:00, hours: Sat 08:00-12:00")
                  .empty());
    }

    TEST_CASE("a stage that reaches only who is reached already is told") {
        CHECK(rule("rollout: [{from: 2026-12-01, zone: pilot}, {from: 2027-01-01, percent: 25}, "
                   "{from: 2027-03-01}]")
                  .empty());
        CHECK(rule("rollout: [{from: 2026-12-01, percent: 25}, {from: 2027-01-01, percent: 10}]") ==
              Texts{"W010: stage 2 of the rollout of `r` adds nobody: stage 1 reaches its clients "
                    "already"});
        CHECK(rule("rollout: [{from: 2027-01-01, zone: pilot}, {from: 2026-12-01}]") ==
              Texts{"W010: stage 1 of the rollout of `r` adds nobody: stage 2 reaches its clients "
                    "already"});
        CHECK(rule("rollout: [{from: 2026-12-01}, {from: 2026-12-01}]").size() == 1);
    }
}
