#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "classifiers/net/domain.hpp"
#include "rules/services/catalogue.hpp"
#include "tests/policy/samples.hpp"

namespace {

void parse_domain(benchmark::State& state, const std::string& name) {
    if (!octroi::Domain::parse(name))
        state.SkipWithError("the name does not parse");
    for (auto _ : state)
        benchmark::DoNotOptimize(octroi::Domain::parse(name));
    state.SetItemsProcessed(state.iterations());
}

std::string longest_name() {
    const std::string label(63, 'a');
    return label + "." + label + "." + label + "." + std::string(61, 'a');
}

// A hundred thousand domains, the most that octroi promises to load.
octroi::Catalogue large_catalogue() {
    constexpr int services = 100;
    constexpr int domains_each = 1000;
    std::vector<octroi::Service> list;
    for (int i = 1; i <= services; ++i) {
        octroi::Service service{.id = static_cast<octroi::ServiceId>(i),
                                .name = "s" + std::to_string(i)};
        for (int j = 0; j < domains_each; ++j)
            service.domains.push_back(octroi::Domain::parse("d" + std::to_string(j) + ".s" +
                                                            std::to_string(i) + ".example")
                                          .value());
        list.push_back(std::move(service));
    }
    std::vector<octroi::Finding> findings;
    return octroi::Catalogue::build(std::move(list), findings).value();
}

// The cost of a name grows with its labels, not with the catalogue.
void find_domain(benchmark::State& state, const std::string& name) {
    const octroi::Catalogue catalogue = large_catalogue();
    for (auto _ : state)
        benchmark::DoNotOptimize(catalogue.find_domain(name));
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(parse_domain, short_name, "us05web.zoom.us");
BENCHMARK_CAPTURE(parse_domain, longest_name, longest_name());
BENCHMARK_CAPTURE(find_domain, known, "www.d7.s42.example");
BENCHMARK_CAPTURE(find_domain, unknown, "www.example.org");
BENCHMARK_CAPTURE(find_domain, unknown_of_sixteen_labels, "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p");

}  // namespace

BENCHMARK_MAIN();
