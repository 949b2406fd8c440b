#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "rules/lint/lint.hpp"
#include "rules/policy/loader.hpp"
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
            .name = "us05web.zoom.us",
            .protocol_known = true,
            .protocol = "TLS",
            .application_known = true,
            .classified_known = true};
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

// Rules as above, and two that ask for lists of 100,000 domains and of 50,000 networks, in files.
class LargePolicy {
  public:
    explicit LargePolicy(std::int64_t rules) {
        std::string name = (std::filesystem::temp_directory_path() / "octroi-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        std::ofstream domains(folder_ / "domains.txt");
        for (int i = 0; i < 100'000; ++i)
            domains << "host" << i << ".domain" << i % 1000 << ".example\n";
        std::ofstream networks(folder_ / "networks.txt");
        for (int i = 0; i < 50'000; ++i)
            networks << "100." << 64 + i / 1024 << '.' << i / 4 % 256 << '.' << i % 4 * 64
                     << "/26\n";
        std::string text = policy_text(rules - 2);
        text.insert(text.find("rules:"),
                    "lists: {domains: {file: domains.txt}, networks: {file: networks.txt}}\n");
        text +=
            "- {name: domains, then: drop, when: {name: $domains}}\n"
            "- {name: networks, then: drop, when: {address: $networks}}\n";
        std::ofstream(folder_ / "policy.yaml") << text;
    }

    LargePolicy(const LargePolicy&) = delete;
    LargePolicy& operator=(const LargePolicy&) = delete;
    LargePolicy(LargePolicy&&) = delete;
    LargePolicy& operator=(LargePolicy&&) = delete;

    ~LargePolicy() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    [[nodiscard]] Policy load(const octroi::Catalogue& catalogue) const {
        return octroi::load_policy((folder_ / "policy.yaml").string(), catalogue).value();
    }

  private:
    std::filesystem::path folder_;
};

void load_large_policy(benchmark::State& state) {
    const octroi::Catalogue catalogue = octroi::samples::catalogue();
    const LargePolicy files(state.range(0));
    for (auto _ : state)
        benchmark::DoNotOptimize(files.load(catalogue));
}

void lint_large_policy(benchmark::State& state) {
    const octroi::Catalogue catalogue = octroi::samples::catalogue();
    const Policy policy = LargePolicy(state.range(0)).load(catalogue);
    for (auto _ : state)
        benchmark::DoNotOptimize(octroi::lint(policy, catalogue));
}

// Flows of which one in four is in a list: by its name, by its address, else by nothing or by the
// rule for Zoom.
std::vector<Facts> flows_of(const Policy& policy, const std::vector<std::string>& names) {
    std::vector<Facts> flows;
    for (std::size_t i = 0; i < names.size(); ++i) {
        Facts facts = zoom_flow(policy);
        if (i % 4 != 0)
            facts.service = octroi::no_service;
        if (i % 4 == 2)
            facts.server =
                octroi::samples::address(fmt::format("100.{}.{}.7", 64 + i % 48, i % 256));
        if (i % 4 != 0)
            facts.name = names[i];
        flows.push_back(facts);
    }
    return flows;
}

std::vector<std::string> names_of(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i)
        names.push_back(i % 4 == 1 ? fmt::format("host{}.domain{}.example", i * 97 % 100'000,
                                                 i * 97 % 100'000 % 1000)
                                   : fmt::format("www{}.other{}.example", i, i % 100));
    return names;
}

// Of the processor: other programs may run beside this one.
double thread_time() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double nanoseconds_each(const Policy& policy, const std::vector<Facts>& flows) {
    const double start = thread_time();
    for (const Facts& facts : flows)
        benchmark::DoNotOptimize(policy.decide(facts));
    return (thread_time() - start) / static_cast<double>(flows.size());
}

// The same flows asked of 10 rules without lists, and of as many as the argument says with them, in
// turn. `ratio` is the second over the first. Many different flows show what memory costs, few
// what the work costs.
void decide_beside_ten_rules(benchmark::State& state) {
    const octroi::Catalogue catalogue = octroi::samples::catalogue();
    const Policy large = LargePolicy(state.range(0)).load(catalogue);
    const Policy small = policy_of(10);
    const auto names = names_of(static_cast<std::size_t>(state.range(1)));
    const auto flows = flows_of(large, names);
    double large_time = 0;
    double small_time = 0;
    for (auto _ : state) {
        small_time += nanoseconds_each(small, flows);
        large_time += nanoseconds_each(large, flows);
    }
    const auto rounds = static_cast<double>(state.iterations());
    state.counters["ten_ns"] = small_time / rounds;
    state.counters["large_ns"] = large_time / rounds;
    state.counters["ratio"] = large_time / small_time;
}

BENCHMARK(decide_at_the_last_rule)->ArgName("rules")->Arg(10)->Arg(1000)->Arg(10'000);
BENCHMARK(decide_before_anything_is_known)->ArgName("rules")->Arg(10)->Arg(1000);
BENCHMARK(read_policy_text)->ArgName("rules")->Arg(10)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(load_large_policy)->ArgName("rules")->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(lint_large_policy)->ArgName("rules")->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(decide_beside_ten_rules)
    ->ArgNames({"rules", "flows"})
    ->ArgsProduct({{10, 10'000}, {16, 4096}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
