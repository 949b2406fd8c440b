#include "metrics/series/hyperloglog.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

namespace octroi::hyperloglog {
namespace {

constexpr unsigned rank_bits = 64 - precision;

std::uint8_t read(const std::uint8_t& place) {
    // C++20 has no atomic_ref of const.
    return std::atomic_ref(const_cast<std::uint8_t&>(place)).load(std::memory_order_relaxed);
}

void raise(std::uint8_t& place, std::uint8_t rank) {
    const std::atomic_ref reference(place);
    std::uint8_t seen = reference.load(std::memory_order_relaxed);
    while (seen < rank && !reference.compare_exchange_weak(seen, rank, std::memory_order_relaxed)) {
    }
}

// Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", section 4: what registers
// that nothing touched, and full ones, tell.
double sigma(double x) {
    if (x == 1)
        return std::numeric_limits<double>::infinity();
    double sum = x;
    double before = 0;
    double weight = 1;
    while (before != sum) {
        before = sum;
        x *= x;
        sum += x * weight;
        weight *= 2;
    }
    return sum;
}

double tau(double x) {
    if (x == 0 || x == 1)
        return 0;
    double sum = 1 - x;
    double before = 0;
    double weight = 0.5;
    while (before != sum) {
        before = sum;
        x = std::sqrt(x);
        sum -= (1 - x) * (1 - x) * weight;
        weight /= 2;
    }
    return sum / 3;
}

// How many registers hold each rank. Neighbours mostly hold the same one: counted in turns, they do
// not wait for each other.
std::array<double, rank_bits + 2> ranks(ConstRegisters registers) {
    constexpr std::size_t turns = 4;
    std::array<std::array<std::uint32_t, rank_bits + 2>, turns> counted{};
    for (std::size_t i = 0; i < register_count; ++i)
        ++counted[i % turns][read(registers[i])];
    std::array<double, rank_bits + 2> total{};
    for (const auto& turn : counted)
        for (std::size_t rank = 0; rank < turn.size(); ++rank)
            total[rank] += turn[rank];
    return total;
}

}  // namespace

void add(Registers registers, std::uint64_t hash) {
    const std::uint64_t rest = hash << precision;
    const auto rank = std::min<unsigned>(static_cast<unsigned>(std::countl_zero(rest)), rank_bits);
    raise(registers[hash >> rank_bits], static_cast<std::uint8_t>(rank + 1));
}

void merge(Registers into, ConstRegisters from) {
    for (std::size_t i = 0; i < register_count; ++i)
        into[i] = std::max(into[i], read(from[i]));
}

double estimate(ConstRegisters registers) {
    const auto with_rank = ranks(registers);
    constexpr auto count = static_cast<double>(register_count);
    double sum = count * tau(1 - with_rank.back() / count);
    for (std::size_t rank = rank_bits; rank >= 1; --rank)
        sum = (sum + with_rank[rank]) / 2;
    sum += count * sigma(with_rank.front() / count);
    return count * count / (2 * std::numbers::ln2 * sum);
}

}  // namespace octroi::hyperloglog
