#include "daemon/gateway/health.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/fake_kernel.hpp"

namespace octroi {
namespace {

using Seconds = std::chrono::seconds;

struct Watched {
    FakeKernel kernel;
    std::vector<HealthEvent> told;
    Config config = [] {
        Config two;
        two.queue_count = 2;
        return two;
    }();
    SeriesRegistry registry{1};
    Health health{registry, registry.worker(0), kernel, config,
                  [this](HealthEvent event) { told.push_back(std::move(event)); }};
    Watchdog::Clock::time_point now = Watchdog::Clock::now();

    [[nodiscard]] bool progress(std::uint64_t first, std::uint64_t second) {
        return health.workers_progress(
            {{.queue = 0, .rounds = first}, {.queue = 1, .rounds = second}}, now);
    }

    void look() { health.watch_rules(5, now += Seconds(1)); }
};

TEST_SUITE("health") {
    TEST_CASE("a worker that stands still is told once, and when it goes on") {
        Watched watched;
        CHECK(watched.progress(1, 1));
        watched.now += Seconds(2);
        CHECK(watched.progress(2, 1));
        watched.now += Seconds(2);
        CHECK_FALSE(watched.progress(3, 1));
        CHECK_FALSE(watched.progress(4, 1));
        REQUIRE(watched.told.size() == 1);
        CHECK(watched.told[0].condition == "worker_stalled");
        CHECK(watched.told[0].holds);
        CHECK(watched.progress(5, 2));
        REQUIRE(watched.told.size() == 2);
        CHECK_FALSE(watched.told[1].holds);
    }

    TEST_CASE("rules of the right generation are no event") {
        Watched watched;
        watched.kernel.state.generations = {5, 5};
        watched.look();
        CHECK(watched.told.empty());
        CHECK(watched.kernel.asked.empty());
    }

    TEST_CASE("rules that were installed anew get their generation again") {
        Watched watched;
        watched.kernel.state.generations = {1, 5};
        watched.look();
        CHECK(watched.kernel.asked == std::vector<std::uint8_t>{5});
        CHECK(watched.told.empty());
    }

    TEST_CASE("a generation that the kernel refuses is drift, and heals") {
        Watched watched;
        watched.kernel.state.generations = {1, 1};
        watched.kernel.refused = {5};
        watched.look();
        REQUIRE(watched.told.size() == 1);
        CHECK(watched.told[0].condition == "ruleset_drift");
        CHECK(watched.told[0].detail.contains("the kernel refuses"));
        watched.kernel.refused.clear();
        watched.now += Seconds(3);
        watched.look();
        REQUIRE(watched.told.size() == 2);
        CHECK_FALSE(watched.told[1].holds);
        CHECK(watched.kernel.state.generations[1] == 5);
    }

    TEST_CASE(
        "rules that somebody changed are drift until they are back; nothing is set meanwhile") {
        Watched watched;
        watched.kernel.state.generations = {4, 4};
        watched.kernel.state.differences = {"a rule is missing"};
        watched.look();
        REQUIRE(watched.told.size() == 1);
        CHECK(watched.told[0].detail == "a rule is missing");
        CHECK(watched.kernel.asked.empty());
        watched.kernel.state.differences.clear();
        watched.now += Seconds(3);
        watched.look();
        CHECK(watched.told.size() == 2);
        CHECK(watched.kernel.asked == std::vector<std::uint8_t>{5});
    }

    TEST_CASE("what can't be read is not told as drift") {
        Watched watched;
        watched.kernel.unreadable = "nft: not found";
        watched.look();
        REQUIRE(watched.told.size() == 1);
        CHECK(watched.told[0].condition == "ruleset_unread");
        watched.kernel.unreadable.reset();
        watched.kernel.state.generations = {5, 5};
        watched.now += Seconds(3);
        watched.look();
        REQUIRE(watched.told.size() == 2);
        CHECK_FALSE(watched.told[1].holds);
    }

    TEST_CASE("where the kernel tells of changes, rules are read when it does") {
        Watched watched;
        watched.kernel.state.generations = {5, 5};
        watched.kernel.changes = 7;
        for (int i = 0; i < 10; ++i)
            watched.look();
        CHECK(watched.kernel.looks == 1);
        watched.kernel.changes = 8;
        watched.look();
        CHECK(watched.kernel.looks == 2);
    }
}

}  // namespace
}  // namespace octroi
