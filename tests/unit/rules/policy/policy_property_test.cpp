// Properties of rules/policy/policy.cpp over random policies and random flows:
// an early decision equals the decision on the complete flow, and both outcomes equal those of a
// reference evaluator that reads the same random policy from plain lists.
#include <algorithm>
#include <array>
#include <bitset>
#include <numeric>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "rules/policy/policy.hpp"
#include "tests/policy/random_policy.hpp"
#include "tests/policy/samples.hpp"

using octroi::Catalogue;
using octroi::Decision;
using octroi::Facts;
using octroi::Outcome;
using octroi::Policy;
using octroi::random_policy::evaluate;
using octroi::random_policy::exceptions;
using octroi::random_policy::Flow;
using octroi::random_policy::Generator;
using octroi::random_policy::Reference;
using octroi::random_policy::Spec;
using octroi::random_policy::SpecCondition;
using octroi::random_policy::SpecRule;

namespace {

// What a flow shows one after the other, in any order.
enum Shown : std::size_t { service, name, protocol, application, classified, shown_count };

using ShownSet = std::bitset<shown_count>;

Facts facts_of(const Flow& flow, const Policy& policy, ShownSet shown) {
    Facts facts{.zones = policy.zones_of(flow.client),
                .client = flow.client,
                .server = flow.server,
                .server_inside = policy.inside(flow.server),
                .port = flow.port,
                .transport = static_cast<octroi::Transport>(flow.transport),
                .service_known = shown.test(Shown::service),
                .name_known = shown.test(Shown::name),
                .protocol_known = shown.test(Shown::protocol),
                .application_known = shown.test(Shown::application),
                .classified_known = shown.test(Shown::classified)};
    if (facts.service_known) {
        facts.service = flow.service == nullptr ? octroi::no_service : flow.service->id;
        facts.strength = static_cast<octroi::Strength>(flow.strength);
        facts.service_verified = flow.verified;
    }
    if (facts.name_known) {
        facts.name = flow.name;
        facts.ech = flow.ech;
    }
    if (facts.protocol_known)
        facts.protocol = flow.protocol;
    if (facts.application_known)
        facts.application = flow.application;
    if (facts.classified_known)
        facts.unclassified = flow.unclassified;
    return facts;
}

bool same(const Outcome& outcome, const Reference& reference) {
    return outcome.settled && to_string(outcome.action) == reference.action &&
           (outcome.rule == nullptr ? std::string() : outcome.rule->name) == reference.rule;
}

// Once settled an outcome must stay; counts how often it was settled before the end.
bool consistent(const Outcome& earlier, const Outcome& later) {
    return !earlier.settled ||
           (later.settled && earlier.action == later.action && earlier.rule == later.rule);
}

bool asks_for_what_is_shown_later(const Spec& spec) {
    return std::ranges::any_of(spec.rules, [](const SpecRule& rule) {
        return std::ranges::any_of(rule.when, [](const SpecCondition& condition) {
            constexpr std::array<std::string_view, 6> later = {
                "name", "ech", "strength", "protocol", "application", "unclassified"};
            return std::ranges::find(later, condition.key) != later.end() ||
                   asks_for_service(condition);
        });
    });
}

using Order = std::array<std::size_t, shown_count>;

Order any_order(Generator& generator) {
    Order order{};
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[generator.below(i)]);
    return order;
}

struct Counts {
    std::size_t flows = 0;
    std::size_t early = 0;
    std::size_t late = 0;
    std::size_t monitored_differently = 0;
    std::size_t by_rule = 0;
};

// `order`: in which the flow shows what it shows.
void check_flow(const Spec& spec, const Policy& policy, const Flow& flow, const Order& order,
                Counts& counts) {
    const auto decide = [&](ShownSet shown) {
        return policy.decide(facts_of(flow, policy, shown));
    };
    const Decision start = decide({});
    const Decision complete = decide(ShownSet().set());
    REQUIRE(same(complete.enforced, evaluate(spec, flow, false, std::nullopt)));
    REQUIRE(same(complete.would, evaluate(spec, flow, true, std::nullopt)));
    ShownSet shown;
    Decision earlier = start;
    for (const std::size_t next : order) {
        const Decision later = decide(shown.set(next));
        REQUIRE(consistent(earlier.enforced, later.enforced));
        REQUIRE(consistent(earlier.would, later.would));
        earlier = later;
    }
    if (!asks_for_what_is_shown_later(spec))
        REQUIRE(start.settled());
    ++counts.flows;
    ++(start.settled() ? counts.early : counts.late);
    counts.monitored_differently += complete.enforced.rule != complete.would.rule ? 1 : 0;
    counts.by_rule += complete.would.rule != nullptr ? 1 : 0;
}

// Random conditions on services can exclude one another; the reader refuses such a rule.
std::optional<Policy> read(const Spec& spec, const Catalogue& catalogue) {
    std::vector<octroi::Finding> findings;
    auto policy =
        octroi::read_policy(octroi::samples::document(yaml_of(spec)), catalogue, findings);
    for (const octroi::Finding& finding : findings) {
        INFO(octroi::render(finding));
        REQUIRE(finding.text == "no service fulfils all conditions of this rule");
    }
    return policy;
}

constexpr unsigned policy_count = 3000;
constexpr int flows_each = 20;

}  // namespace

TEST_SUITE("policy properties") {
    TEST_CASE("an early decision equals the one on the complete flow, and both the reference's") {
        const Catalogue catalogue = octroi::samples::catalogue();
        Counts counts;
        unsigned policies = 0;
        for (unsigned seed = 0; seed < policy_count; ++seed) {
            Generator generator(seed);
            const Spec spec = generator.any_spec();
            const auto policy = read(spec, catalogue);
            if (!policy)
                continue;
            ++policies;
            CAPTURE(seed);
            CAPTURE(yaml_of(spec));
            for (int i = 0; i < flows_each; ++i) {
                const Flow flow = generator.any_flow(catalogue);
                check_flow(spec, *policy, flow, any_order(generator), counts);
            }
        }
        MESSAGE(policies, " policies, ", counts.flows, " flows: ", counts.early,
                " decided before anything was shown, ", counts.late, " later, ", counts.by_rule,
                " by a rule, ", counts.monitored_differently, " with a different rule in monitor");
        CHECK(policies > policy_count / 2);
        CHECK(counts.early > counts.flows / 10);
        CHECK(counts.late > counts.flows / 10);
        CHECK(counts.by_rule > counts.flows / 4);
        CHECK(counts.monitored_differently > counts.flows / 20);
    }

    TEST_CASE("an exception decides exactly the flows that no rule decides") {
        const Catalogue catalogue = octroi::samples::catalogue();
        std::size_t excepted = 0;
        std::size_t ruled = 0;
        for (unsigned seed = policy_count; seed < policy_count + 1000; ++seed) {
            Generator generator(seed);
            const Spec spec = generator.any_spec();
            const auto policy = read(spec, catalogue);
            if (!policy)
                continue;
            CAPTURE(seed);
            CAPTURE(yaml_of(spec));
            for (int i = 0; i < flows_each; ++i) {
                const Flow flow = generator.any_flow(catalogue);
                const std::size_t exception = generator.below(exceptions.size());
                const Decision decision = policy->decide(facts_of(flow, *policy, ShownSet().set()),
                                                         static_cast<octroi::Exception>(exception));
                REQUIRE(same(decision.enforced, evaluate(spec, flow, false, exception)));
                REQUIRE(same(decision.would, evaluate(spec, flow, true, exception)));
                REQUIRE(decision.exception.has_value() == (decision.would.rule == nullptr));
                ++(decision.exception ? excepted : ruled);
            }
        }
        MESSAGE(excepted, " flows decided by an exception, ", ruled, " by a rule");
        CHECK(excepted > 1000);
        CHECK(ruled > 1000);
    }
}
