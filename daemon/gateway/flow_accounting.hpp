#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include <absl/container/flat_hash_map.h>

#include "daemon/gateway/worker.hpp"
#include "daemon/kernel/conntrack.hpp"

namespace octroi {

/// A connection with its ends as policy sees them.
[[nodiscard]] FlowEnd end_of(const EndedConnection& connection, const Ruleset& ruleset, Time now);

/// Counts what ended flows carried, by service and zone.
class FlowAccount {
  public:
    explicit FlowAccount(WorkerCounters& counters) : counters_(counters) {}

    void add(const EndedConnection& connection, const Ruleset& ruleset);

  private:
    void add_duration(Slot slot, std::chrono::nanoseconds duration);

    WorkerCounters& counters_;
    absl::flat_hash_map<Slot, std::chrono::nanoseconds> durations_;  ///< slots keep whole seconds
};

/// The thread that follows the ends of connections. Nothing of it is on a packet's path.
class FlowAccounting {
  public:
    struct Parts {
        ConntrackEvents events;
        SeriesRegistry& registry;
        WorkerCounters& counters;  ///< its own, as a worker has them
        const PublishedRuleset& ruleset;
        EventLog* log = nullptr;   ///< null: no events
        std::size_t producer = 0;  ///< this thread's number in it
        FlowEvents told{};
        int wake = -1;  ///< becomes readable when the thread must stop
    };

    explicit FlowAccounting(Parts parts);

    FlowAccounting(const FlowAccounting&) = delete;
    FlowAccounting& operator=(const FlowAccounting&) = delete;
    FlowAccounting(FlowAccounting&&) = delete;
    FlowAccounting& operator=(FlowAccounting&&) = delete;

    /// Ends the thread; `wake` must be readable.
    ~FlowAccounting();

  private:
    void run();
    void tell(const EndedConnection& connection, const Ruleset& ruleset) const;
    void look_after_the_table();

    Parts parts_;
    FlowAccount account_;
    Slot redelivered_;
    Slot lost_;
    std::chrono::steady_clock::time_point looked_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace octroi
