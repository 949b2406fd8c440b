#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/policy/lint_findings.hpp"

using octroi::samples::warnings;

namespace {

using Texts = std::vector<std::string>;

Texts zones(std::string_view text) {
    return warnings("zones: {" + std::string(text) + "}\nrules: []\n");
}

}  // namespace

TEST_SUITE("lint zones") {
    TEST_CASE("a zone inside another one is how pilots are written") {
        CHECK(zones("interior: [10.20.0.0/16], pilot: [10.20.4.0/24], press: [10.20.4.0/28]")
                  .empty());
        CHECK(zones("pilot: [10.20.4.0/24], interior: [10.20.0.0/16]").empty());
        CHECK(zones("a: [10.0.0.0/9, 10.128.0.0/9], b: [10.0.0.0/8], c: [10.64.0.0/10]").size() ==
              1);
    }

    TEST_CASE(
        "zones that share a part of their networks are told, with a network that is in both") {
        CHECK(zones("a: [10.20.0.0/16, 10.30.0.0/16], b: [10.40.0.0/16, 10.30.7.0/24]") ==
              Texts{"W007: the zones `a` and `b` overlap in part: 10.30.7.0/24 is in both"});
        CHECK(zones("a: [10.20.0.0/16], b: [10.21.0.0/16], c: {interfaces: [eth0]}").empty());
    }

    TEST_CASE("zones with the same networks are told") {
        CHECK(zones("a: [10.20.0.0/16], b: [10.20.128.0/17, 10.20.0.0/17]") ==
              Texts{"W007: the zones `a` and `b` have the same networks"});
    }

    TEST_CASE("zones, lists and conditions with nothing inside are told") {
        CHECK(zones("a: [], b: {networks: []}, c: {interfaces: [eth0]}") ==
              Texts{"W008: the zone `a` has nothing inside",
                    "W008: the zone `b` has nothing inside"});
        CHECK(warnings("lists: {none: []}\nrules:\n"
                       "- {name: r, then: drop, when: {name: {not: $none}}}\n") ==
              Texts{"W008: the list `none` has nothing inside",
                    "W008: `name` of `r` excludes nothing: its lists have nothing for it"});
    }

    TEST_CASE("a warning stands at the line that it is about") {
        const auto policy = octroi::samples::policy(
            "octroi: 1\nzones:\n  a: [10.0.0.0/8]\n  b: [10.0.0.0/8]\nrules:\n"
            "  - {name: x, then: drop, until: 2020-01-01}\n");
        const auto found = lint(policy, octroi::samples::catalogue());
        REQUIRE(found.size() == 2);
        CHECK(found[0].position == octroi::Position{.line = 4, .column = 3});
        CHECK(found[1].position == octroi::Position{.line = 6, .column = 5});
        CHECK(found[1].file == "sample.yaml");
    }
}
