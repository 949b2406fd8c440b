// Further tests of rules/policy/policy.cpp: monitor mode, exceptions and zones.
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "rules/policy/policy.hpp"
#include "tests/policy/samples.hpp"

using octroi::Action;
using octroi::Decision;
using octroi::Exception;
using octroi::Facts;
using octroi::Outcome;
using octroi::Policy;
using octroi::samples::address;
using octroi::samples::flow;
using octroi::samples::flow_of;
using octroi::samples::policy;

namespace {

constexpr octroi::ServiceId zoom = 1;
constexpr octroi::ServiceId visio = 4;

Facts nothing_known(const Policy& policy) {
    Facts facts = flow(policy);
    facts.service_known = false;
    facts.name_known = false;
    return facts;
}

std::string_view rule_of(const Outcome& outcome) {
    return outcome.rule == nullptr ? "none" : std::string_view(outcome.rule->name);
}

}  // namespace

TEST_SUITE("policy in monitor mode") {
    constexpr std::string_view watched =
        "{octroi: 1, rules: ["
        "{name: watch, then: reject, mode: monitor, when: {service: zoom}},"
        " {name: web, then: drop, when: {port: 443}}]}";

    TEST_CASE("enforced is the policy without the monitored rules, would-be the policy with them") {
        const Policy p = policy(std::string(watched));
        const Decision decision = p.decide(flow_of(p, zoom));
        CHECK(decision.enforced.action == Action::drop);
        CHECK(rule_of(decision.enforced) == "web");
        CHECK(decision.would.action == Action::reject);
        CHECK(rule_of(decision.would) == "watch");
        CHECK(decision.rule() == decision.would.rule);
    }

    TEST_CASE("where no monitored rule matches both outcomes are one") {
        const Policy p = policy(std::string(watched));
        const Decision decision = p.decide(flow_of(p, visio));
        CHECK(decision.enforced.action == Action::drop);
        CHECK(decision.would.action == Action::drop);
        CHECK(decision.enforced.rule == decision.would.rule);
    }

    TEST_CASE("under `defaults: {mode: monitor}` nothing is refused but what says enforce") {
        const Policy p = policy(
            "{octroi: 1, defaults: {action: reject, mode: monitor}, rules: ["
            "{name: quiet, then: drop, when: {service: zoom}},"
            " {name: loud, then: drop, mode: enforce, when: {port: 80}}]}");
        const Decision quiet = p.decide(flow_of(p, zoom));
        CHECK(quiet.enforced.action == Action::accept);
        CHECK(quiet.enforced.rule == nullptr);
        CHECK(quiet.would.action == Action::drop);
        const Decision default_action = p.decide(flow(p));
        CHECK(default_action.enforced.action == Action::accept);
        CHECK(default_action.would.action == Action::reject);
        Facts loud = flow(p);
        loud.port = 80;
        CHECK(p.decide(loud).enforced.action == Action::drop);
    }
}

TEST_SUITE("policy exceptions") {
    constexpr std::string_view text =
        "{octroi: 1, defaults: {action: accept}, rules: [{name: web, then: accept, when: {port: "
        "443}}, {name: zoom, then: reject, when: {service: zoom}}],"
        " exceptions: {midstream: reject, unclassified: drop, malformed: accept, table_full: "
        "drop}}";

    TEST_CASE("an exception decides where no rule does, and is named") {
        const Policy p = policy(std::string(text));
        Facts facts = flow(p);
        facts.port = 80;
        const Decision decision = p.decide(facts, Exception::midstream);
        CHECK(decision.enforced.action == Action::reject);
        CHECK(decision.would.action == Action::reject);
        CHECK(decision.rule() == nullptr);
        CHECK(decision.exception == Exception::midstream);
    }

    TEST_CASE("a rule that speaks is stronger than an exception") {
        const Policy p = policy(std::string(text));
        const Decision decision = p.decide(flow(p), Exception::ambiguous);
        CHECK(decision.enforced.action == Action::accept);
        CHECK(rule_of(decision.enforced) == "web");
        CHECK_FALSE(decision.exception);
    }

    TEST_CASE("an exception settles what a rule was still waiting for") {
        const Policy p = policy(std::string(text));
        Facts facts = nothing_known(p);
        facts.port = 80;
        CHECK_FALSE(p.decide(facts).settled());
        const Decision decision = p.decide(facts, Exception::unclassified);
        CHECK(decision.settled());
        CHECK(decision.enforced.action == Action::drop);
    }

    TEST_CASE("under monitor an exception refuses nothing, and says what it would do") {
        const Policy p = policy(
            "{octroi: 1, defaults: {mode: monitor}, rules: [], exceptions: {malformed: drop}}");
        const Decision decision = p.decide(flow(p), Exception::malformed);
        CHECK(decision.enforced.action == Action::accept);
        CHECK(decision.would.action == Action::drop);
    }

    TEST_CASE("each exception has the action that is written, or its default") {
        const Policy written = policy(std::string(text));
        CHECK(written.exception_action(Exception::midstream) == Action::reject);
        CHECK(written.exception_action(Exception::unclassified) == Action::drop);
        CHECK(written.exception_action(Exception::ambiguous) == Action::drop);
        CHECK(written.exception_action(Exception::malformed) == Action::accept);
        CHECK(written.exception_action(Exception::table_full) == Action::drop);
        const Policy silent = policy("{octroi: 1, defaults: {action: reject}, rules: []}");
        CHECK(silent.exception_action(Exception::midstream) == Action::reject);
        CHECK(silent.exception_action(Exception::unclassified) == Action::reject);
        CHECK(silent.exception_action(Exception::ambiguous) == Action::drop);
        CHECK(silent.exception_action(Exception::malformed) == Action::drop);
        CHECK(silent.exception_action(Exception::table_full) == Action::accept);
    }
}

TEST_SUITE("policy zones") {
    constexpr std::string_view text =
        "{octroi: 1, rules: [], zones: {interior: [10.20.0.0/16, \"fd00:20::/48\"],"
        " pilot: [10.20.4.0/24], guests: {interfaces: [wlan0]},"
        " phones: {networks: [10.64.0.0/12], interfaces: [wwan0, wlan0]}}}";

    TEST_CASE("a client is in every zone that holds its address") {
        const Policy p = policy(std::string(text));
        CHECK(p.zones_of(address("10.20.4.7")).to_ulong() == 0b0011);
        CHECK(p.zones_of(address("10.20.5.7")).to_ulong() == 0b0001);
        CHECK(p.zones_of(address("fd00:20::1")).to_ulong() == 0b0001);
        CHECK(p.zones_of(address("10.79.255.255")).to_ulong() == 0b1000);
        CHECK(p.zones_of(address("10.80.0.0")).none());
    }

    TEST_CASE("an interface belongs to every zone that names it") {
        const Policy p = policy(std::string(text));
        CHECK(p.zones_of_interface("wlan0").to_ulong() == 0b1100);
        CHECK(p.zones_of_interface("wwan0").to_ulong() == 0b1000);
        CHECK(p.zones_of_interface("eth0").none());
        CHECK(p.zones_of_interface("").none());
    }

    TEST_CASE("the zone to name is the narrowest one around the client, else the first") {
        const Policy p = policy(std::string(text));
        const auto label = [&](std::string_view client, unsigned long zones) {
            return p.label_zone(address(client), octroi::ZoneSet(zones));
        };
        CHECK(label("10.20.4.7", 0b0011) == 1);
        CHECK(label("10.20.5.7", 0b0001) == 0);
        CHECK(label("192.0.2.1", 0b1100) == 2);
        CHECK_FALSE(label("192.0.2.1", 0));
    }

    TEST_CASE("the last possible zone is a zone like the first") {
        std::string many = "{octroi: 1, zones: {";
        for (std::size_t i = 0; i < octroi::max_zones; ++i)
            many += "z" + std::to_string(i) + ": [10." + std::to_string(i) + ".0.0/16], ";
        const Policy p = policy(many + "}, rules: [{name: last, then: drop, when: {zone: z255}}]}");
        CHECK(p.decide(flow(p, "10.255.0.1")).enforced.action == Action::drop);
        CHECK(p.decide(flow(p, "10.254.0.1")).enforced.action == Action::accept);
    }
}
