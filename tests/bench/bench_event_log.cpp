#include <benchmark/benchmark.h>

#include "metrics/events/event_log.hpp"

namespace {

using namespace octroi;

FlowRecord refused() {
    return {.source = {.address = v4_address({10, 20, 4, 7}), .port = 50000},
            .destination = {.address = v4_address({198, 51, 100, 20}), .port = 443},
            .protocol = Protocol::tcp,
            .packets = 4,
            .zone = "pilot",
            .service = "zoom",
            .category = "video-conferencing",
            .strength = Strength::observed,
            .speaks = "TLS",
            .server_name = "us05web.zoom.us",
            .ja4 = "t13d1516h2_8daaf6152771_02713d6af862",
            .evidence = {{.kind = EvidenceKind::tls_sni, .value = "us05web.zoom.us", .packet = 4}},
            .action = Action::reject,
            .would = Action::reject,
            .rule = "foreign-conferencing",
            .reason = "State conferencing directive",
            .rule_file = "/etc/octroi/policy.yaml",
            .rule_line = 14,
            .decided_at_packet = 4};
}

// What the thread of events does for each one.
void event_line(benchmark::State& state) {
    auto format = EventFormat::open({.clients = static_cast<ClientPrivacy>(state.range(0))});
    const Event event = refused();
    std::uint64_t sequence = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(format->line(event, ++sequence));
}

BENCHMARK(event_line)->ArgName("privacy")->DenseRange(0, 2);

// What a worker does for each one: here nobody takes events fast enough, and most are dropped.
void event_offer(benchmark::State& state) {
    const auto log = EventLog::open({}, {}).value();
    const FlowRecord record = refused();
    for (auto _ : state)
        log->offer(0, record);
    state.counters["dropped"] =
        benchmark::Counter(static_cast<double>(log->dropped()), benchmark::Counter::kAvgIterations);
}

BENCHMARK(event_offer);

}  // namespace

BENCHMARK_MAIN();
