#include "daemon/gateway/status.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/gate.hpp"

using namespace octroi;

namespace {

using Json = nlohmann::json;

constexpr std::string_view trial =
    "octroi: 1\n"
    "defaults: {mode: enforce}\n"
    "zones: {press: [10.9.0.0/16]}\n"
    "exemptions: [{name: desk, when: {zone: press}, until: 2999-01-01, owner: o, ticket: T-1}]\n"
    "rules: [{name: trial, when: {service: zoom}, then: reject, mode: monitor},\n"
    "        {name: no-bastion, when: {service: bastion}, then: drop, from: 2999-02-01}]\n";

Json status_of(const std::vector<Family>& families, const Ruleset& ruleset) {
    return Json::parse(status_json({.families = families,
                                    .ruleset = ruleset,
                                    .started = absl::FromUnixSeconds(86400),
                                    .ready = true}));
}

}  // namespace

TEST_SUITE("status") {
    TEST_CASE("it tells the policy in force and what comes next") {
        Gate gate(trial);
        const Json status = status_of(gate.families(), gate.ruleset());
        CHECK(status["started"] == "1970-01-02T00:00:00Z");
        const Json& policy = status["policy"];
        CHECK(policy["mode"] == "enforce");
        CHECK(policy["rules"] == 2);
        CHECK(policy["exemptions"] == 1);
        CHECK(policy["enforced"] == 1);
        CHECK(policy["monitored"] == 1);
        CHECK(policy["generation"] == 1);
        CHECK(policy["next_exemption_end"] == "2999-01-02T00:00:00Z");
        CHECK(policy["next_change"] == "2999-01-02T00:00:00Z");
    }

    TEST_CASE("it counts flows by service and rule, most used services first") {
        Gate gate(trial);
        const wire::Connection one{};
        const wire::Connection two{.client = wire::endpoint("10.20.4.7", 50001)};
        const wire::Connection three{.client = wire::endpoint("10.20.4.7", 50002)};
        for (const wire::Connection& each : {one, two})
            static_cast<void>((gate(each.syn()), gate(each.from_client(0, wire::client_stream()))));
        static_cast<void>(gate(three.syn()));
        static_cast<void>(
            gate(three.from_client(0, wire::client_stream("visio.numerique.gouv.fr"))));
        const Json status = status_of(gate.families(), gate.ruleset());
        const Json services = Json::array({{{"service", "zoom"},
                                            {"accepted", 2},
                                            {"refused", 0},
                                            {"would_be_refused", 2},
                                            {"bytes", 0}},
                                           {{"service", "visio"},
                                            {"accepted", 1},
                                            {"refused", 0},
                                            {"would_be_refused", 0},
                                            {"bytes", 0}}});
        CHECK(status["services"] == services);
        REQUIRE(status["rules"].size() == 3);
        const Json& rule = status["rules"][1];
        CHECK(rule["rule"] == "trial");
        CHECK(rule["line"] == 5);
        CHECK(rule["mode"] == "monitor");
        CHECK(rule["hits"] == 0);
        CHECK(rule["would_hits"] == 2);
        CHECK(rule["last_hit"] == "1970-01-02T00:00:00Z");
        CHECK(status["rules"][0]["exemption"] == true);
        CHECK(status["rules"][2]["active"] == false);
        CHECK(status["rules"][2]["last_hit"].is_null());
    }

    TEST_CASE("it tells workers, queues and what is wrong") {
        Gate gate(trial);
        std::vector<Family> families = gate.families();
        families.push_back(
            {.name = "octroi_degraded",
             .help = {},
             .type = MetricType::gauge,
             .samples = {{{{"reason", "ruleset_drift"}}, 1}, {{{"reason", "other"}}, 0}}});
        families.push_back({.name = "octroi_nfqueue_depth_packets",
                            .help = {},
                            .type = MetricType::gauge,
                            .samples = {{{{"queue", "7"}}, 3}}});
        const Json status = status_of(families, gate.ruleset());
        CHECK(status["health"]["ready"] == true);
        CHECK(status["health"]["degraded"] == Json::array({"ruleset_drift"}));
        CHECK(status["queues"] == Json::array({{{"queue", "7"}, {"waiting", 3}}}));
        REQUIRE(status["workers"].size() == 1);
        CHECK(status["workers"][0]["flows"] == 0);
        CHECK(status["workers"][0]["limit"] == 65536);
    }

    TEST_CASE("exemptions come by their end, with owner and ticket") {
        Gate gate(
            "octroi: 1\n"
            "zones: {press: [10.9.0.0/16]}\n"
            "exemptions:\n"
            "  - {name: late, when: {zone: press}, until: 2999-06-01, owner: o, ticket: T-1}\n"
            "  - {name: soon, when: {zone: press}, until: 2999-01-01, owner: p, ticket: T-2}\n"
            "rules: []\n");
        const Json exemptions = status_of(gate.families(), gate.ruleset())["exemptions"];
        REQUIRE(exemptions.size() == 2);
        CHECK(exemptions[0] == Json({{"name", "soon"},
                                     {"owner", "p"},
                                     {"ticket", "T-2"},
                                     {"until", "2999-01-02T00:00:00Z"},
                                     {"active", true},
                                     {"hits", 0}}));
        CHECK(exemptions[1]["name"] == "late");
    }

    TEST_CASE("it tells the last decisions and what the daemon is at") {
        Gate gate(trial);
        const Json status = Json::parse(status_json(
            {.families = gate.families(),
             .ruleset = gate.ruleset(),
             .started = absl::FromUnixSeconds(86400),
             .gateway = "gw-1",
             .on_failure = OnFailure::open,
             .activity = {.phase = Activity::Phase::retiring_marks, .done = 3, .total = 9},
             .decisions = {R"({"server_name":"zoom.us"})", "cut sho"}}));
        CHECK(status["gateway"] == "gw-1");
        CHECK(status["health"]["on_failure"] == "open");
        CHECK(status["activity"] ==
              Json({{"phase", "taking old marks from connections"}, {"done", 3}, {"total", 9}}));
        CHECK(status["decisions"] == Json::array({{{"server_name", "zoom.us"}}}));
        CHECK(status_of(gate.families(), gate.ruleset())["activity"].is_null());
    }
}
