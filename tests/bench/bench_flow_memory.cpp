// Memory of undecided flows: resident octets per flow after a million of them, each with a SYN and
// half of a real ClientHello, and with the table's own limit.
#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include "daemon/engine/pipeline.hpp"
#include "tests/unit/gate.hpp"

namespace {

std::size_t resident() {
    std::ifstream file("/proc/self/statm");
    std::size_t pages = 0;
    file >> pages >> pages;
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

octroi::Endpoint client_of(std::size_t flow) {
    const auto octet = [&](unsigned shift) { return std::to_string(flow >> shift & 0xffU); };
    return octroi::wire::endpoint("10." + octet(16) + "." + octet(8) + "." + octet(0),
                                  static_cast<std::uint16_t>(1024 + (flow >> 24U)));
}

octroi::wire::Buffer segment(std::size_t flow, octroi::wire::Tcp header, octroi::Bytes payload) {
    return octroi::wire::ip(client_of(flow), octroi::wire::endpoint("198.51.100.1", 443), 6,
                            octroi::wire::tcp(header, {payload.begin(), payload.end()}));
}

// `buffered` octets of a ClientHello of which the rest never comes, in every flow.
void undecided_flows(benchmark::State& state) {
    const auto flows = static_cast<std::size_t>(state.range(0));
    std::vector<std::uint8_t> start(static_cast<std::size_t>(state.range(1)));
    if (!start.empty())
        std::ranges::copy(std::to_array<std::uint8_t>({0x16, 3, 1, 7, 0xd0, 1, 0, 7, 0xcc}),
                          start.begin());
    for (auto _ : state) {
        octroi::Gate gate("octroi: 1\nrules: [{name: a, then: reject, when: {service: zoom}}]\n",
                          {.flows = {.limit = 1'000'000}, .buffer_limit = 4UL << 30U});
        const std::size_t before = resident();
        for (std::size_t flow = 0; flow < flows; ++flow) {
            benchmark::DoNotOptimize(gate(segment(flow, {.flags = octroi::wire::syn}, {})));
            if (!start.empty())
                benchmark::DoNotOptimize(gate(segment(flow, {.sequence = 1}, start)));
        }
        const std::size_t kept = std::min<std::size_t>(flows, 1'000'000);
        state.counters["octets_per_flow"] =
            static_cast<double>(resident() - before) / static_cast<double>(kept);
        state.counters["resident_MiB"] = static_cast<double>(resident() >> 20U);
    }
}

BENCHMARK(undecided_flows)
    ->ArgNames({"flows", "buffered"})
    ->Args({1'000'000, 0})
    ->Args({2'000'000, 0})
    ->Args({1'000'000, 1400})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
