// What it costs to read the name that a client asks for, from its captured packets: own parsers,
// fingerprint included, and everything else that a new flow needs.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "classifiers/inspection/inspector.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "classifiers/tls/client_hello.hpp"
#include "classifiers/tls/ja4.hpp"
#include "daemon/replay/pcap_source.hpp"

namespace {

using octroi::Packet;

struct Capture {
    std::vector<std::vector<std::uint8_t>> frames;
    std::vector<Packet> packets;  // of the first flow, up to the one that names its server
};

Capture load(const std::string& name) {
    Capture capture;
    auto source = octroi::PcapSource::open(std::string(OCTROI_CAPTURES) + "/" + name);
    if (!source)
        return capture;
    octroi::Workspace workspace(1UL << 20U);
    octroi::Inspector inspector;
    while (true) {
        const auto read = source->next();
        if (!read || !*read || !inspector.open())
            return capture;
        const octroi::Bytes bytes = (*read)->ip_packet;
        auto& frame = capture.frames.emplace_back(bytes.begin(), bytes.end());
        const auto packet = octroi::decode_packet(frame, {});
        if (!packet || (!capture.packets.empty() && packet->key != capture.packets.front().key))
            continue;
        capture.packets.push_back(*packet);
        const auto number = static_cast<std::uint32_t>(capture.packets.size());
        inspector.inspect(*packet, number, workspace);
    }
}

// One whole flow each time: its inspector is made, fed and freed.
void read_name(benchmark::State& state, const std::string& name) {
    const Capture capture = load(name);
    octroi::Workspace workspace(1UL << 20U);
    const auto run = [&] {
        octroi::Inspector inspector;
        std::uint32_t number = 0;
        for (const Packet& packet : capture.packets)
            inspector.inspect(packet, ++number, workspace);
        return inspector.findings().server_name.size();
    };
    if (run() == 0)
        state.SkipWithError("no name is read");
    for (auto _ : state)
        benchmark::DoNotOptimize(run());
    state.counters["packets"] = static_cast<double>(capture.packets.size());
}

BENCHMARK_CAPTURE(read_name, tls_curl, "clients/curl.pcap");
BENCHMARK_CAPTURE(read_name, tls_chromium_two_segments, "clients/chromium_tcp.pcap");
BENCHMARK_CAPTURE(read_name, quic_chromium_two_datagrams, "clients/chromium_quic.pcap");
BENCHMARK_CAPTURE(read_name, quic_firefox_two_datagrams, "clients/firefox_quic.pcap");

void fingerprint(benchmark::State& state) {
    const Capture capture = load("clients/curl.pcap");
    octroi::Bytes record = capture.packets.back().payload;
    const auto hello = octroi::tls::parse_client_hello(record.subspan(5));
    if (!hello)
        state.SkipWithError("no ClientHello");
    for (auto _ : state)
        benchmark::DoNotOptimize(octroi::tls::ja4(*hello, octroi::tls::Carrier::tcp));
}

BENCHMARK(fingerprint);

}  // namespace

BENCHMARK_MAIN();
