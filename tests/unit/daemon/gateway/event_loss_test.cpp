#include "daemon/gateway/event_loss.hpp"

#include <thread>

#include <doctest/doctest.h>

#include "metrics/events/file_sink.hpp"

using namespace octroi;
using namespace std::chrono_literals;

namespace {

constexpr EventLoss::Clock::time_point start{};

std::unique_ptr<EventLog> full_disk() {
    std::vector<EventLog::Sink> sinks;
    sinks.push_back({.name = "file", .sink = FileSink::open({.path = "/dev/full"}).value()});
    return EventLog::open({.fold = {}}, std::move(sinks)).value();
}

void lose_one(EventLog& log) {
    const std::uint64_t before = log.sinks()[0]->lost(Loss::disk_full);
    log.offer(0, HealthEvent{});
    while (log.sinks()[0]->lost(Loss::disk_full) == before)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

TEST_SUITE("loss watch") {
    TEST_CASE("losses are told once, and when there was none for a minute") {
        const auto log = full_disk();
        EventLoss watch;
        CHECK_FALSE(watch.look(*log, start));
        lose_one(*log);
        const auto begin = watch.look(*log, start + 1s);
        REQUIRE(begin);
        CHECK(begin->condition == "events_lost");
        CHECK(begin->holds);
        CHECK(begin->detail == "file: disk_full");
        lose_one(*log);
        CHECK_FALSE(watch.look(*log, start + 30s));
        CHECK_FALSE(watch.look(*log, start + 89s));
        const auto end = watch.look(*log, start + 90s);
        REQUIRE(end);
        CHECK_FALSE(end->holds);
        CHECK_FALSE(watch.look(*log, start + 91s));
    }
}
