// Property of rules/lint/shadowing.cpp over random policies with dates, hours, rollouts and
// interfaces: a rule that is called dead decides no flow that can be, complete or not, at no later
// moment.
#include <algorithm>
#include <array>
#include <string>

#include <doctest/doctest.h>

#include "rules/lint/shadowing.hpp"
#include "tests/policy/random_policy.hpp"
#include "tests/policy/samples.hpp"

using namespace octroi;
using random_policy::Flow;
using random_policy::Generator;
using random_policy::Spec;
using random_policy::SpecRule;

namespace {

constexpr std::array<std::string_view, 14> schedules = {
    "",
    "",
    "",
    "",
    "",
    ", hours: Mon-Fri 07:00-20:00",
    ", hours: [00:00-12:00, \"Mon-Sun 12:00-24:00\"]",
    ", hours: 22:00-06:00",
    ", hours: Sun 20:00-08:00",
    ", from: 2026-12-01",
    ", from: 2026-11-01",
    ", until: 2026-12-15",
    ", from: 2026-12-01, until: 2026-12-10, hours: 08:00-18:00",
    ", until: 2026-11-30T12:00"};
constexpr std::array<std::string_view, 5> rollouts = {
    ", rollout: [{from: 2026-11-01, zone: pilot}, {from: 2026-12-01, percent: 50}]",
    ", rollout: [{from: 2026-12-01}]", ", rollout: [{from: 2026-11-01}]",
    ", rollout: [{from: 2026-11-01, zone: interior}]", ", rollout: []"};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string yaml_with_times(const Spec& spec, Generator& generator) {
    Spec head = spec;
    head.rules.clear();
    std::string text = replaced(yaml_of(head), "rules: []\n", "rules:\n");
    text = replaced(text, "phones: [\"10.64.0.0/12\", ]",
                    "phones: {networks: [10.64.0.0/12], interfaces: [wwan0]}");
    text = replaced(text, "defaults: {", "defaults: {timezone: Europe/Paris, ");
    for (std::size_t i = 0; i < spec.rules.size(); ++i) {
        std::string rule = yaml_of(spec.rules[i], i);
        rule.resize(rule.size() - 2);  // "}\n"
        rule += generator.one_of(schedules);
        if (!spec.rules[i].mode && generator.below(3) == 0)
            rule += generator.one_of(rollouts);
        text += rule + "}\n";
    }
    return text;
}

// Rules that repeat an earlier one with a condition less or more, so that many are dead.
Spec any_spec(Generator& generator) {
    Spec spec = generator.any_spec();
    spec.rules.push_back(generator.any_rule());
    for (std::size_t i = 0; i < 3; ++i) {
        SpecRule rule = generator.one_of(spec.rules);
        if (generator.below(2) == 0 && !rule.when.empty())
            rule.when.pop_back();
        const auto extra = generator.any_condition(generator.one_of(random_policy::conditions));
        const bool there =
            std::ranges::any_of(rule.when, [&](const auto& each) { return each.key == extra.key; });
        if (!there)
            rule.when.push_back(extra);
        spec.rules.push_back(rule);
    }
    return spec;
}

// What no flow can show together is made to agree.
Flow possible(Flow flow) {
    if (flow.service != nullptr) {
        flow.verified = flow.verified || !flow.service->verify_addresses;
        flow.strength = std::max<std::size_t>(flow.strength, 1);
    }
    flow.unclassified = flow.unclassified && flow.service == nullptr && flow.name.empty();
    if (static_cast<Transport>(flow.transport) == Transport::other)
        flow.port = 0;
    if (flow.client.is_v4() != flow.server.is_v4())
        flow.server = samples::address(flow.client.is_v4() ? "203.0.113.5" : "2407:30c0::1");
    return flow;
}

Facts facts_of(const Flow& flow, const Policy& policy, Generator& generator) {
    const bool complete = generator.below(2) == 0;
    const auto known = [&] { return complete || generator.below(2) == 0; };
    Facts facts{.zones = policy.zones_of(flow.client),
                .client = flow.client,
                .server_known = known(),
                .server = flow.server,
                .server_inside = policy.inside(flow.server),
                .port = flow.port,
                .transport = static_cast<Transport>(flow.transport),
                .service_known = known(),
                .service = flow.service == nullptr ? no_service : flow.service->id,
                .strength = static_cast<Strength>(flow.strength),
                .service_verified = flow.verified,
                .name_known = known(),
                .name = flow.name,
                .ech = flow.ech,
                .protocol_known = known(),
                .protocol = flow.protocol,
                .application_known = known(),
                .application = flow.application,
                .classified_known = known(),
                .unclassified = flow.unclassified};
    if (generator.below(3) == 0)
        facts.zones |= policy.zones_of_interface("wwan0");
    return facts;
}

struct Counts {
    std::size_t policies = 0;
    std::size_t dead = 0;
    std::size_t alone = 0;
    std::size_t together = 0;
    std::size_t impossible = 0;
    std::size_t decided = 0;
};

std::vector<bool> dead_rules(const Policy& policy, const Catalogue& catalogue, Counts& counts) {
    std::vector<bool> dead;
    Shadowing shadowing(policy, catalogue);
    for (std::size_t i = 0; i < policy.rules().size(); ++i) {
        const auto shadow = shadowing.of(i);
        dead.push_back(shadow.has_value());
        if (!shadow)
            continue;
        ++counts.dead;
        ++(shadow->rules.empty()       ? counts.impossible
           : shadow->rules.size() == 1 ? counts.alone
                                       : counts.together);
        for (const std::size_t rule : shadow->rules)
            REQUIRE(rule < i);
    }
    REQUIRE(!shadowing.gave_up());
    return dead;
}

void check_flows(const Policy& read, const Catalogue& catalogue, Generator& generator,
                 Counts& counts) {
    const auto dead = dead_rules(read, catalogue, counts);
    const std::size_t none = 0;
    for (int m = 0; m < 4; ++m) {
        const Policy policy =
            read.at(read.moment() + absl::Minutes(m == 0 ? none : generator.below(60UL * 1440)));
        for (int i = 0; i < 25; ++i) {
            const Flow flow = possible(generator.any_flow(catalogue));
            const Decision decision = policy.decide(facts_of(flow, policy, generator));
            for (const Outcome& outcome : {decision.enforced, decision.would}) {
                if (outcome.rule == nullptr)
                    continue;
                ++counts.decided;
                CAPTURE(outcome.rule->name);
                REQUIRE(!dead[static_cast<std::size_t>(outcome.rule - policy.rules().data())]);
            }
        }
    }
}

}  // namespace

TEST_SUITE("lint properties") {
    TEST_CASE("a rule that is called dead never decides") {
        const Catalogue catalogue = samples::catalogue();
        const Instant now = parse_moment("2026-11-22T12:00", absl::UTCTimeZone()).value();
        Counts counts;
        for (unsigned seed = 0; seed < 400; ++seed) {
            Generator generator(seed);
            const std::string text = yaml_with_times(any_spec(generator), generator);
            CAPTURE(seed);
            CAPTURE(text);
            std::vector<Finding> findings;
            const auto policy = read_policy(samples::document(text), catalogue, findings);
            if (!policy)
                continue;  // no service fulfils the conditions of a rule
            ++counts.policies;
            check_flows(policy->at(now), catalogue, generator, counts);
        }
        MESSAGE(counts.policies, " policies, ", counts.dead, " dead rules: ", counts.alone,
                " by one rule, ", counts.together, " by several, ", counts.impossible,
                " impossible; ", counts.decided, " decisions by rules");
        CHECK(counts.policies > 200);
        CHECK(counts.alone > 200);
        CHECK(counts.together > 5);
        CHECK(counts.impossible > 50);
        CHECK(counts.decided > 10'000);
    }
}
