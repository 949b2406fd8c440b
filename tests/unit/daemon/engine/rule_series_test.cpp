#include "daemon/engine/rule_series.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/unit/gate.hpp"

using namespace octroi;

namespace {

const wire::Connection ordinary{};

Labels hits(const std::string& rule, const std::string& action, const std::string& mode) {
    return {{"rule", rule}, {"action", action}, {"mode", mode}};
}

double last_hit(const Gate& gate, const std::string& rule) {
    return gate.counted(rule_last_hit_metric, {{"rule", rule}});
}

}  // namespace

TEST_SUITE("rule series") {
    TEST_CASE("a flow counts for the rule that decided it, with the time") {
        Gate gate(
            "octroi: 1\n"
            "rules: [{name: tools, when: {service: visio}, then: accept},\n"
            "        {name: no-zoom, when: {service: zoom}, then: reject}]\n");
        CHECK(gate.counted(rule_hits_metric, hits("no-zoom", "reject", "enforce")) == 0);
        CHECK(last_hit(gate, "no-zoom") == 0);
        static_cast<void>(gate(ordinary.syn()));
        static_cast<void>(gate(ordinary.from_client(0, wire::client_stream())));
        CHECK(gate.counted(rule_hits_metric, hits("no-zoom", "reject", "enforce")) == 1);
        CHECK(gate.counted(rule_hits_metric, hits("no-zoom", "reject", "monitor")) == 0);
        CHECK(gate.counted(rule_hits_metric, hits("tools", "accept", "enforce")) == 0);
        CHECK(last_hit(gate, "no-zoom") == 86400);
        CHECK(last_hit(gate, "tools") == 0);
    }

    TEST_CASE("a monitored rule counts beside the rule that acts") {
        Gate gate(
            "octroi: 1\n"
            "rules: [{name: trial, when: {service: zoom}, then: reject, mode: monitor},\n"
            "        {name: others, when: {category: video-conferencing}, then: accept}]\n");
        static_cast<void>(gate(ordinary.syn()));
        static_cast<void>(gate(ordinary.from_client(0, wire::client_stream())));
        CHECK(gate.counted(rule_hits_metric, hits("trial", "reject", "monitor")) == 1);
        CHECK(gate.counted(rule_hits_metric, hits("trial", "reject", "enforce")) == 0);
        CHECK(gate.counted(rule_hits_metric, hits("others", "accept", "enforce")) == 1);
    }

    TEST_CASE("rules behind the first 500 share one series") {
        std::string text = "octroi: 1\nrules:\n";
        for (int i = 0; i < 600; ++i)
            text +=
                fmt::format("  - {{name: r{}, when: {{name: n{}.example}}, then: drop}}\n", i, i);
        Gate gate(text);
        static_cast<void>(gate(ordinary.syn()));
        static_cast<void>(gate(ordinary.from_client(0, wire::client_stream("n555.example"))));
        CHECK(gate.counted(rule_hits_metric, hits("_other", "any", "enforce")) == 1);
        CHECK(gate.counted(rule_hits_metric, hits("r499", "drop", "enforce")) == 0);
        CHECK(gate.counted(rule_hits_metric, hits("r500", "drop", "enforce")) == -1);
    }

    TEST_CASE("counts go on over a reload") {
        constexpr std::string_view policy =
            "octroi: 1\nrules: [{name: no-zoom, when: {service: zoom}, then: reject}]\n";
        Gate gate(policy);
        const wire::Connection second{.client = wire::endpoint("10.20.4.7", 50001)};
        static_cast<void>(gate(ordinary.syn()));
        static_cast<void>(gate(ordinary.from_client(0, wire::client_stream())));
        gate.reload(policy);
        static_cast<void>(gate(second.syn()));
        static_cast<void>(gate(second.from_client(0, wire::client_stream())));
        CHECK(gate.counted(rule_hits_metric, hits("no-zoom", "reject", "enforce")) == 2);
    }
}
