#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "rules/policy.hpp"
#include "tests/policy/samples.hpp"

namespace {

using octroi::Facts;
using octroi::Policy;

// Rules of every kind that match nothing below, then one that rejects Zoom.
std::string policy_text(std::int64_t rules) {
    std::string text = "octroi: 1\nzones: {pilot: [10.20.4.0/24], press: [10.20.8.0/28]}\nrules:\n";
    for (std::int64_t i = 1; i < rules; ++i) {
        const std::string number = std::to_string(i);
        text += "- {name: r" + number + ", then: drop, when: {";
        switch (i % 5) {
            case 0:
                text += "zone: press";
                break;
            case 1:
                text += "service: [visio, tchap]";
                break;
            case 2:
                text += "name: [n" + number + ".example, \"=exact.example\"]";
                break;
            case 3:
                text += "address: [198.51.100.0/24, \"2001:db8::/32\"]";
                break;
            default:
                text += "category: social, port: 443";
        }
        text += "}}\n";
    }
    return text + "- {name: last, then: reject, when: {service: zoom}}\n";
}

Policy policy_of(std::int64_t rules) {
    return octroi::samples::policy(policy_text(rules));
}

Facts zoom_flow(const Policy& policy) {
    const auto client = octroi::samples::address("10.20.4.7");
    return {.zones = policy.zones_of(client),
            .client = client,
            .server = octroi::samples::address("203.0.113.5"),
            .port = 443,
            .transport = octroi::Transport::tcp,
            .service_known = true,
            .service = 1,
            .name_known = true,
            .name = "us05web.zoom.us"};
}

// Both outcomes of a flow that only the last rule matches.
void decide_at_the_last_rule(benchmark::State& state) {
    const Policy policy = policy_of(state.range(0));
    const Facts facts = zoom_flow(policy);
    if (policy.decide(facts).enforced.action != octroi::Action::reject)
        state.SkipWithError("the last rule does not match");
    for (auto _ : state)
        benchmark::DoNotOptimize(policy.decide(facts));
    state.SetItemsProcessed(state.iterations());
}

// A flow of which nothing is known yet: the walk stops at the first rule that asks for more.
void decide_before_anything_is_known(benchmark::State& state) {
    const Policy policy = policy_of(state.range(0));
    Facts facts = zoom_flow(policy);
    facts.service_known = false;
    facts.name_known = false;
    for (auto _ : state)
        benchmark::DoNotOptimize(policy.decide(facts));
    state.SetItemsProcessed(state.iterations());
}

void read_policy_text(benchmark::State& state) {
    const octroi::Catalogue catalogue = octroi::samples::catalogue();
    const std::string text = policy_text(state.range(0));
    for (auto _ : state) {
        std::vector<octroi::Finding> findings;
        const auto document = octroi::samples::document(text);
        benchmark::DoNotOptimize(octroi::read_policy(document, catalogue, findings));
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(decide_at_the_last_rule)->ArgName("rules")->Arg(10)->Arg(1000)->Arg(10'000);
BENCHMARK(decide_before_anything_is_known)->ArgName("rules")->Arg(10)->Arg(1000);
BENCHMARK(read_policy_text)->ArgName("rules")->Arg(10)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
