// What a new flow costs a worker from its first packet to its decision, without the kernel's part:
// captured packets up to the one that names the server, each time from another client, the shipped
// catalogue and the lab's policy.
#include <algorithm>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "daemon/engine/pipeline.hpp"
#include "daemon/gateway/ruleset_loader.hpp"
#include "daemon/replay/pcap_source.hpp"

namespace {

using Frames = std::vector<std::vector<std::uint8_t>>;

constexpr std::size_t source_at = 12;  // RFC 791 3.1, then the destination

struct Bench {
    octroi::SeriesRegistry registry{1};
    octroi::Ruleset ruleset =
        octroi::load_ruleset(std::string(OCTROI_POLICIES) + "/pilot.yaml", std::nullopt, registry)
            .value();
    octroi::Pipeline pipeline{octroi::Pipeline::Settings(), octroi::PipelineSeries(registry, 0),
                              registry.worker(0)};
    octroi::Time now{std::chrono::hours(24)};

    bool decides(const std::vector<std::uint8_t>& frame) {
        return pipeline.process(frame, {.time = now}, ruleset).record() != nullptr;
    }
};

// The first flow's frames up to the one at which it is decided. All clients are 10.20.x.y.
Frames load(const std::string& name) {
    Frames frames;
    Bench bench;
    auto source = octroi::PcapSource::open(std::string(OCTROI_CAPTURES) + "/" + name);
    while (source) {
        const auto read = source->next();
        if (!read || !*read)
            break;
        const octroi::Bytes bytes = (*read)->ip_packet;
        frames.emplace_back(bytes.begin(), bytes.end());
        if (bench.decides(frames.back()))
            return frames;
    }
    return {};
}

// Writes another client into a frame, at whichever end it stands.
void readdress(std::vector<std::uint8_t>& frame, std::uint16_t client) {
    std::uint8_t* address = frame.data() + source_at;
    if (address[0] != 10)
        address += 4;
    address[2] = static_cast<std::uint8_t>(client >> 8U);
    address[3] = static_cast<std::uint8_t>(client);
}

void decide(benchmark::State& state, const std::string& name) {
    Frames frames = load(name);
    if (frames.empty())
        return state.SkipWithError("no flow is decided");
    Bench bench;
    std::uint16_t client = 0;
    for (auto _ : state) {
        ++client;
        // Once all clients were seen, the table forgets them before they come again.
        bench.now += std::chrono::milliseconds(4);
        for (auto& frame : frames) {
            readdress(frame, client);
            benchmark::DoNotOptimize(
                bench.pipeline.process(frame, {.time = bench.now}, bench.ruleset));
        }
    }
    state.counters["packets"] = static_cast<double>(frames.size());
}

BENCHMARK_CAPTURE(decide, tls_curl, "clients/curl.pcap");
BENCHMARK_CAPTURE(decide, tls_firefox, "clients/firefox_tcp.pcap");
BENCHMARK_CAPTURE(decide, quic_firefox, "clients/firefox_quic.pcap");

}  // namespace

BENCHMARK_MAIN();
