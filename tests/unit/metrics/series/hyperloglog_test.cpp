#include "metrics/series/hyperloglog.hpp"

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "metrics/series/siphash.hpp"

using namespace octroi;

namespace {

class Sketch {
  public:
    // The hashes of the numbers `first` to `last` - 1 under a key.
    void add(const SipKey& key, std::uint64_t first, std::uint64_t last) {
        for (std::uint64_t i = first; i < last; ++i) {
            const auto* octets = reinterpret_cast<const std::uint8_t*>(&i);
            hyperloglog::add(view(), siphash(key, Bytes(octets, sizeof i)));
        }
    }

    [[nodiscard]] hyperloglog::Registers view() { return hyperloglog::Registers(registers); }

    [[nodiscard]] double estimate() const {
        return hyperloglog::estimate(hyperloglog::ConstRegisters(registers));
    }

    std::vector<std::uint8_t> registers = std::vector<std::uint8_t>(hyperloglog::register_count);
};

}  // namespace

TEST_SUITE("hyperloglog properties") {
    TEST_CASE(
        "a million clients are counted within three per cent, and the error is the known one") {
        constexpr std::uint64_t clients = 1'000'000;
        constexpr double standard_error = 0.0115;
        double squares = 0;
        double worst = 0;
        constexpr int keys = 8;
        for (std::uint64_t key = 0; key < keys; ++key) {
            Sketch sketch;
            sketch.add({.low = key, .high = 1}, 0, clients);
            const double error = sketch.estimate() / clients - 1;
            squares += error * error;
            worst = std::max(worst, std::abs(error));
        }
        MESSAGE("root mean square " << std::sqrt(squares / keys) << ", worst " << worst);
        CHECK(worst < 0.03);
        CHECK(std::sqrt(squares / keys) < 1.5 * standard_error);
    }

    TEST_CASE("numbers of every size are counted within three standard errors") {
        for (const std::uint64_t clients : {0UL, 1UL, 10UL, 100UL, 1000UL, 10'000UL, 30'000UL}) {
            Sketch sketch;
            sketch.add({.low = 7, .high = 9}, 0, clients);
            const auto expected = static_cast<double>(clients);
            CHECK(std::abs(sketch.estimate() - expected) <= std::max(1.0, expected * 0.035));
        }
    }
}

TEST_SUITE("hyperloglog") {
    TEST_CASE("a hash counts once, however often it comes") {
        Sketch sketch;
        for (int i = 0; i < 3; ++i)
            sketch.add({}, 0, 500);
        Sketch once;
        once.add({}, 0, 500);
        CHECK(sketch.registers == once.registers);
    }

    TEST_CASE("merged sketches are what one sketch of both would be") {
        Sketch one;
        Sketch other;
        Sketch both;
        one.add({}, 0, 3000);
        other.add({}, 2000, 5000);
        both.add({}, 0, 5000);
        hyperloglog::merge(one.view(), other.view());
        CHECK(one.registers == both.registers);
    }

    TEST_CASE("the extreme hashes stay inside the registers") {
        Sketch sketch;
        hyperloglog::add(sketch.view(), 0);
        hyperloglog::add(sketch.view(), ~std::uint64_t{0});
        CHECK(sketch.registers.front() == 64 - hyperloglog::precision + 1);
        CHECK(sketch.registers.back() == 1);
        CHECK(sketch.estimate() > 0);
    }

    TEST_CASE("threads that add at once lose nothing") {
        Sketch shared;
        Sketch alone;
        alone.add({}, 0, 20'000);
        std::thread other([&] { shared.add({}, 0, 12'000); });
        shared.add({}, 8'000, 20'000);
        other.join();
        CHECK(shared.registers == alone.registers);
    }
}
