#include <array>
#include <vector>

#include <benchmark/benchmark.h>

#include "classifiers/net/packet.hpp"

namespace {

using Octets = std::vector<std::uint8_t>;

const Octets tcp_segment = {
    0xc3, 0x50, 0x01, 0xbb,              // ports 50000, 443
    0x00, 0x00, 0x00, 0x01,              // sequence
    0x00, 0x00, 0x00, 0x00,              // acknowledgement
    0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0,  // 5 words, PSH ACK, window, checksum, urgent
};

void append(Octets& to, const Octets& more) {
    to.insert(to.end(), more.begin(), more.end());
}

Octets v4_packet(std::size_t payload) {
    const auto total = static_cast<std::uint16_t>(20 + tcp_segment.size() + payload);
    Octets packet = {
        0x45,
        0x00,
        static_cast<std::uint8_t>(total >> 8U),
        static_cast<std::uint8_t>(total),
        0x00,
        0x01,
        0x40,
        0x00,  // identification, do not fragment
        0x40,
        0x06,
        0x00,
        0x00,  // time to live, TCP, checksum
        10,
        20,
        4,
        7,  // source
        170,
        114,
        52,
        2,  // destination
    };
    append(packet, tcp_segment);
    packet.resize(total);
    return packet;
}

// As many destination options headers of eight octets as asked for.
Octets v6_packet(std::size_t extensions, std::size_t payload) {
    const std::size_t length = extensions * 8 + tcp_segment.size() + payload;
    constexpr std::uint8_t tcp = 6;
    constexpr std::uint8_t options = 60;
    Octets packet = {0x60,
                     0x00,
                     0x00,
                     0x00,
                     static_cast<std::uint8_t>(length >> 8U),
                     static_cast<std::uint8_t>(length),
                     extensions == 0 ? tcp : options,
                     0x40};
    packet.insert(packet.end(), 16, 0x20);  // source
    packet.insert(packet.end(), 16, 0x24);  // destination
    for (std::size_t i = 0; i < extensions; ++i)
        append(packet, {i + 1 == extensions ? tcp : options, 0, 0x01, 0x04, 0, 0, 0, 0});
    append(packet, tcp_segment);
    packet.resize(40 + length);
    return packet;
}

void decode(benchmark::State& state, const Octets& packet) {
    if (!octroi::decode_packet(packet, {}))
        state.SkipWithError("the packet does not decode");
    for (auto _ : state)
        benchmark::DoNotOptimize(octroi::decode_packet(packet, {}));
    state.SetItemsProcessed(state.iterations());
}

void decode_ipv4(benchmark::State& state) {
    decode(state, v4_packet(static_cast<std::size_t>(state.range(0))));
}

void decode_ipv6(benchmark::State& state) {
    decode(state, v6_packet(static_cast<std::size_t>(state.range(0)), 512));
}

BENCHMARK(decode_ipv4)->ArgName("payload")->Arg(0)->Arg(512)->Arg(60000);
BENCHMARK(decode_ipv6)->ArgName("extensions")->Arg(0)->Arg(1)->Arg(8);

}  // namespace

BENCHMARK_MAIN();
