#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "rules/sets/prefix_map.hpp"
#include "tests/policy/samples.hpp"

namespace {

using octroi::Address;
using octroi::PrefixMap;

Address random_address(std::mt19937& random) {
    Address address;
    if (random() % 2 == 0)
        return octroi::v4_address(
            {static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random()),
             static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random())});
    for (std::uint8_t& byte : address.bytes)
        byte = static_cast<std::uint8_t>(random());
    return address;
}

std::vector<PrefixMap<int>::Entry> random_entries(std::int64_t count) {
    std::mt19937 random(1);
    std::vector<PrefixMap<int>::Entry> entries;
    for (std::int64_t i = 0; i < count; ++i) {
        const Address address = random_address(random);
        const unsigned length = address.is_v4() ? 12 + static_cast<unsigned>(random() % 21)
                                                : 20 + static_cast<unsigned>(random() % 45);
        const std::string text = to_string(address) + "/" + std::to_string(length);
        entries.emplace_back(octroi::samples::network(octroi::Network::canonical(text).value()),
                             static_cast<int>(i));
    }
    return entries;
}

void look_up(benchmark::State& state) {
    const PrefixMap<int> map(random_entries(state.range(0)));
    std::mt19937 random(2);
    std::vector<Address> addresses(1024);
    for (Address& address : addresses)
        address = random_address(random);
    std::size_t next = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(map.find(addresses[next++ % addresses.size()]));
    state.SetItemsProcessed(state.iterations());
}

void build(benchmark::State& state) {
    const auto entries = random_entries(state.range(0));
    for (auto _ : state)
        benchmark::DoNotOptimize(PrefixMap<int>(entries));
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(look_up)->ArgName("prefixes")->Arg(10)->Arg(1000)->Arg(50000);
BENCHMARK(build)->ArgName("prefixes")->Arg(1000)->Arg(50000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
