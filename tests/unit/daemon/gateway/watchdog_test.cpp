#include "daemon/gateway/watchdog.hpp"

#include <doctest/doctest.h>

using namespace octroi;
using namespace std::chrono_literals;

namespace {

constexpr Watchdog::Clock::time_point start{};

}  // namespace

TEST_SUITE("watchdog") {
    TEST_CASE("a thread whose number grows progresses, however long it runs") {
        Watchdog watchdog(1, start);
        for (std::uint64_t second = 1; second < 100; ++second)
            CHECK(watchdog.progresses(0, second, start + std::chrono::seconds(second)));
    }

    TEST_CASE("a thread whose number stands still is stuck once patience has run out") {
        Watchdog watchdog(1, start);
        CHECK(watchdog.progresses(0, 7, start + 1s));
        CHECK(watchdog.progresses(0, 7, start + 1s + Watchdog::patience));
        CHECK_FALSE(watchdog.progresses(0, 7, start + 2s + Watchdog::patience));
    }

    TEST_CASE("a thread that never began is stuck as well") {
        Watchdog watchdog(1, start);
        CHECK_FALSE(watchdog.progresses(0, 0, start + 1s + Watchdog::patience));
    }

    TEST_CASE("a stuck thread that goes on progresses at once") {
        Watchdog watchdog(1, start);
        CHECK_FALSE(watchdog.progresses(0, 0, start + 1min));
        CHECK(watchdog.progresses(0, 1, start + 2min));
    }

    TEST_CASE("one thread's progress is not another's") {
        Watchdog watchdog(2, start);
        CHECK(watchdog.progresses(0, 1, start + 1min));
        CHECK_FALSE(watchdog.progresses(1, 0, start + 1min));
    }
}
