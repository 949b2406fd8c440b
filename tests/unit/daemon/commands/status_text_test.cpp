#include "daemon/commands/status_text.hpp"

#include <doctest/doctest.h>

#include "daemon/gateway/status.hpp"
#include "tests/unit/gate.hpp"

using namespace octroi;

namespace {

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string status_with(std::vector<std::string> decisions, Activity::View activity = {}) {
    Gate gate(
        "octroi: 1\n"
        "zones: {press: [10.9.0.0/16]}\n"
        "exemptions: [{name: desk, when: {zone: press}, until: 2999-01-01, owner: o, ticket: T}]\n"
        "rules: [{name: trial, when: {service: zoom}, then: reject}]\n");
    std::vector<Family> families = gate.families();
    families.push_back({.name = "octroi_worker_heartbeat_timestamp_seconds",
                        .help = {},
                        .type = MetricType::gauge,
                        .samples = {{{{"worker", "0"}}, 0}}});
    return status_json({.families = std::move(families),
                        .ruleset = gate.ruleset(),
                        .started = absl::Now() - absl::Minutes(210),
                        .ready = true,
                        .gateway = "gw-1",
                        .activity = activity,
                        .decisions = std::move(decisions)});
}

}  // namespace

TEST_SUITE("status text") {
    TEST_CASE("it shows policy, decisions and exemptions") {
        const auto shown = status_text(
            status_with({R"({"timestamp":"2026-12-01T08:00:00.123456Z","zone":"pilot",)"
                         R"("dest_ip":"192.0.2.1","service":"zoom","server_name":"zoom.us",)"
                         R"("action":"accept","would":"reject","rule":"trial"})"}),
            {});
        REQUIRE(shown);
        CHECK_FALSE(shown->busy);
        CHECK(has(shown->text, " on gw-1, started 3 h ago\n"));
        CHECK(
            has(shown->text,
                "2026-12-01T08:00:00  would reject  pilot   zoom     zoom.us  192.0.2.1  trial\n"));
        CHECK(has(shown->text, "desk       in "));
        CHECK_FALSE(has(shown->text, "reload"));
    }

    TEST_CASE("names of strangers move no cursor") {
        const auto shown = status_text(
            status_with({R"({"server_name":"\u001b[2Jzoom\u009b.us\u202e","action":"drop"})"}), {});
        REQUIRE(shown);
        CHECK(has(shown->text, "?[2Jzoom??.us???"));
        CHECK_FALSE(has(shown->text, "\033"));
    }

    TEST_CASE("a reload is shown with how far it is") {
        const auto shown = status_text(
            status_with({}, {.phase = Activity::Phase::retiring_marks, .done = 3, .total = 12}),
            {});
        REQUIRE(shown);
        CHECK(shown->busy);
        CHECK(has(shown->text, "taking old marks from connections, 3 of 12 (25 %)\n"));
    }

    TEST_CASE("what is no status is an error") {
        CHECK_FALSE(status_text("{}", {}));
        CHECK_FALSE(status_text("<html>", {}));
    }
}
