// A scrape, as a gateway's exporter makes it: 10 000 series over two workers and the accounting
// thread; and as many sketches of clients in use as the argument says.
#include <array>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "metrics/series/exporter.hpp"
#include "metrics/series/series.hpp"

namespace {

using namespace octroi;

constexpr unsigned services = 50;
constexpr unsigned zones = 20;
constexpr std::array<const char*, 10> metrics = {
    "octroi_flows_total",      "octroi_flow_packets_total",
    "octroi_flow_bytes_total", "octroi_flow_seconds_total",
    "octroi_forwarded_total",  "octroi_refused_total",
    "octroi_would_be_total",   "octroi_evidence_total",
    "octroi_rule_hits_total",  "octroi_rule_last_hit_timestamp_seconds"};

void fill(SeriesRegistry& registry, unsigned sketches) {
    for (unsigned service = 0; service < services; ++service)
        for (unsigned zone = 0; zone < zones; ++zone) {
            const std::string name = fmt::format("service-{}", service);
            const std::string place = fmt::format("zone-{}", zone);
            for (const char* metric : metrics) {
                const Slot slot = registry.slot(
                    metric, "As the daemon's, with labels of their length.", MetricType::counter,
                    {{"service", name}, {"zone", place}, {"action", "accept"}});
                registry.worker(0).add(slot, 123456UL * slot);
            }
            const auto cell = registry.clients().cell(name, "video-conferencing", place);
            for (unsigned client = 0; cell < sketches && client < 200; ++client)
                registry.clients().add(cell, v4_address({10, 0, static_cast<std::uint8_t>(zone),
                                                         static_cast<std::uint8_t>(client)}));
        }
}

void scrape(benchmark::State& state) {
    SeriesRegistry registry(3);
    fill(registry, static_cast<unsigned>(state.range(0)));
    std::size_t octets = 0;
    for (auto _ : state)
        octets = exposition_text(registry.collect()).size();
    state.counters["octets"] = static_cast<double>(octets);
}

BENCHMARK(scrape)->Unit(benchmark::kMillisecond)->ArgName("sketches")->Arg(0)->Arg(300);

}  // namespace

BENCHMARK_MAIN();
