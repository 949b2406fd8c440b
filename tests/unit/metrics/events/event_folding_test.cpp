#include "metrics/events/event_folding.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/zoom_record.hpp"

using namespace octroi;
using namespace std::chrono_literals;

namespace {

using Clock = EventFolding::Clock;

struct Folded {
    std::vector<FlowRecord> written;
    std::size_t others = 0;
    EventFolding folding;

    explicit Folded(std::chrono::seconds window = 10s)
        : folding(window, [this](const Event& event) {
              if (const auto* record = std::get_if<FlowRecord>(&event))
                  written.push_back(*record);
              else
                  ++others;
          }) {}

    void take(const FlowRecord& record, Clock::duration at) {
        folding.take(record, Clock::time_point(at));
    }

    void flush(Clock::duration at) { folding.flush(Clock::time_point(at)); }

    // How many events all that was written stands for.
    [[nodiscard]] std::uint64_t sum() const {
        std::uint64_t sum = 0;
        for (const FlowRecord& record : written)
            sum += 1 + record.suppressed;
        return sum;
    }
};

}  // namespace

TEST_SUITE("event folding") {
    TEST_CASE("of repeats the first is written at once, the newest at the end of the window") {
        Folded f;
        FlowRecord record = zoom_record();
        for (std::uint16_t port = 50000; port < 50005; ++port) {
            record.source.port = port;
            f.take(record, 1s);
        }
        CHECK(f.written.size() == 1);
        f.flush(10s);
        CHECK(f.written.size() == 1);
        f.flush(11s);
        REQUIRE(f.written.size() == 2);
        CHECK(f.written[0].source.port == 50000);
        CHECK(f.written[0].suppressed == 0);
        CHECK(f.written[1].source.port == 50004);
        CHECK(f.written[1].suppressed == 3);
        CHECK(f.sum() == 5);
    }

    TEST_CASE("after its window an event is the first one again") {
        Folded f;
        f.take(zoom_record(), 0s);
        f.flush(10s);
        f.take(zoom_record(), 10s);
        CHECK(f.written.size() == 2);
        CHECK(f.sum() == 2);
    }

    TEST_CASE("what differs in client, server, name, rule, action or policy is not folded") {
        Folded f;
        std::vector<FlowRecord> records(9, zoom_record());
        records[1].source.address = wire::endpoint("10.1.2.4", 0).address;
        records[2].destination.address = wire::endpoint("170.114.52.3", 0).address;
        records[3].destination.port = 80;
        records[4].server_name = "zoom.us";
        records[5].rule = "another";
        records[6].action = Action::reject;
        records[7].policy_revision = "1";
        records[8].exception = Exception::ambiguous;
        for (const FlowRecord& record : records)
            f.take(record, 0s);
        CHECK(f.written.size() == records.size());
        f.folding.flush_all();
        CHECK(f.written.size() == records.size());
    }

    TEST_CASE("what already stands for others keeps counting them") {
        Folded f;
        FlowRecord record = zoom_record();
        record.suppressed = 4;
        f.take(record, 0s);
        f.take(record, 1s);
        f.folding.flush_all();
        CHECK(f.sum() == 10);
    }

    TEST_CASE("a window of 0 folds nothing, and other types never fold") {
        Folded f(0s);
        f.take(zoom_record(), 0s);
        f.take(zoom_record(), 0s);
        CHECK(f.written.size() == 2);
        Folded g;
        for (int i = 0; i < 3; ++i)
            g.folding.take(FlowEnd{}, Clock::time_point(0s));
        CHECK(g.others == 3);
    }

    TEST_CASE("a full table writes what it has no room for, and the sum stays exact") {
        Folded f;
        FlowRecord record = zoom_record();
        for (std::size_t i = 0; i < EventFolding::capacity + 10; ++i) {
            record.server_name = std::to_string(i);
            f.take(record, 0s);
            f.take(record, 1s);
        }
        CHECK(f.written.size() == EventFolding::capacity + 20);
        f.flush(10s);
        CHECK(f.written.size() == 2 * (EventFolding::capacity + 10));
        CHECK(f.sum() == 2 * (EventFolding::capacity + 10));
    }
}
