#include "metrics/events/event_log.hpp"

#include <algorithm>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;
using nlohmann::json;

namespace {

FlowRecord record_of(const std::string& rule) {
    return {.source = wire::endpoint("10.1.2.3", 50000), .action = Action::reject, .rule = rule};
}

// Keeps lines, once it may.
class Shelf : public EventSink {
  public:
    struct Lines {
        std::mutex gate;  ///< held: the sink stands still
        std::vector<json> all;

        [[nodiscard]] std::size_t count() {
            const std::scoped_lock lock(gate);
            return all.size();
        }
    };

    explicit Shelf(Lines& lines) : lines_(lines) {}

    void look_after(Time /*now*/) override {}

  protected:
    [[nodiscard]] ssize_t put(std::string_view text) override {
        const std::scoped_lock lock(lines_.gate);
        lines_.all.push_back(json::parse(text));
        return static_cast<ssize_t>(text.size());
    }

  private:
    Lines& lines_;
};

std::unique_ptr<EventLog> log_to(std::initializer_list<Shelf::Lines*> shelves,
                                 EventLog::Settings settings = {.fold = {}}) {
    std::vector<EventLog::Sink> sinks;
    for (Shelf::Lines* lines : shelves)
        sinks.push_back({.name = "shelf", .sink = std::make_unique<Shelf>(*lines)});
    return EventLog::open(settings, std::move(sinks)).value();
}

// Lets threads that are nice have the processor.
void rest() {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

std::uint64_t lost(const EventLog& log, std::size_t sink) {
    return log.sinks()[sink]->lost(Loss::queue_full);
}

}  // namespace

TEST_SUITE("event log") {
    TEST_CASE("everything offered is with every sink when the log is closed, in order") {
        Shelf::Lines one;
        Shelf::Lines two;
        {
            const auto log = log_to({&one, &two}, {.fold = {}, .producers = 2});
            for (int i = 0; i < 500; ++i) {
                log->offer(0, record_of("zero"));
                log->offer(1, record_of("one"));
            }
        }
        REQUIRE(one.all.size() == 1000);
        CHECK(two.all == one.all);
        CHECK(std::ranges::count(one.all, "one",
                                 [](const json& line) { return line.at("rule"); }) == 500);
        for (std::size_t i = 0; i < one.all.size(); ++i)
            CHECK(one.all[i].at("seq") == i + 1);
        CHECK(one.all.at(0).contains("src_pseudonym"));  // the default
    }

    TEST_CASE("a sink that stands still loses its own lines and nobody else's") {
        Shelf::Lines still;
        Shelf::Lines well;
        constexpr std::size_t many = 3 * SinkThread::capacity;
        std::size_t lost_by_the_still_one = 0;
        {
            std::unique_lock gate(still.gate);
            const auto log = log_to({&still, &well});
            for (std::size_t i = 0; i < many; ++i) {
                // No faster than the good one: it is not to have troubles of its own.
                while (well.count() + 1000 < i)
                    rest();
                log->offer(0, record_of("r"));
            }
            while (well.count() < many)
                rest();
            lost_by_the_still_one = lost(*log, 0);
            CHECK(lost_by_the_still_one > 0);
            CHECK(lost(*log, 1) == 0);
            CHECK(log->dropped() == 0);
            gate.unlock();
        }
        CHECK(still.all.size() == many - lost_by_the_still_one);
        CHECK(well.all.size() == many);
    }

    TEST_CASE("a ring that is full drops events, and a gap in the numbers tells") {
        Shelf::Lines lines;
        std::uint64_t dropped = 0;
        std::uint64_t offered = 0;
        {
            const auto log = log_to({&lines});
            while (log->dropped() == 0) {
                log->offer(0, record_of("r"));
                ++offered;
            }
            dropped = log->dropped();
            while (log->written(EventType::decision) < offered - dropped)
                rest();
            log->offer(0, record_of("last"));
        }
        REQUIRE_FALSE(lines.all.empty());
        CHECK(lines.all.back().at("rule") == "last");
        CHECK(lines.all.back().at("seq") == offered + 1);
    }

    TEST_CASE("each type of event is counted") {
        Shelf::Lines lines;
        const auto log = log_to({&lines});
        log->offer(0, FlowEnd{});
        log->offer(0, HealthEvent{.condition = "worker_stalled", .holds = true});
        while (log->written(EventType::health) == 0)
            rest();
        CHECK(log->written(EventType::flow) == 1);
        CHECK(log->written(EventType::decision) == 0);
    }

    TEST_CASE("what was folded is written when the log is closed") {
        Shelf::Lines lines;
        {
            const auto log = log_to({&lines}, {.fold = std::chrono::hours(1)});
            for (int i = 0; i < 5; ++i)
                log->offer(0, record_of("r"));
        }
        REQUIRE(lines.all.size() == 2);
        CHECK(lines.all[1].at("suppressed") == 3);
    }

    TEST_CASE("a log that can't make pseudonyms is not opened") {
        const auto log =
            EventLog::open({.format = {.pseudonyms = {.key_file = "/nonexistent/key"}}}, {});
        REQUIRE_FALSE(log);
        CHECK(log.error().starts_with("the key for pseudonyms can't be kept in /nonexistent/key"));
    }
}
