#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/gateway/bypass_counter.hpp"
#include "daemon/gateway/bypass_record.hpp"
#include "daemon/gateway/drift_watch.hpp"
#include "daemon/gateway/watchdog.hpp"
#include "metrics/events/event.hpp"
#include "metrics/series/series.hpp"

namespace octroi {

/// Looks after what octroi's work depends on, and says in the log and in octroi_degraded what is
/// wrong with it. Used by the control thread.
class Health {
  public:
    /// What a worker tells of itself.
    struct WorkerState {
        std::uint16_t queue = 0;
        std::uint64_t rounds = 0;    ///< grows while it is at work, also when it is idle
        std::uint64_t answered = 0;  ///< packets so far
    };

    using Workers = std::vector<WorkerState>;
    using Tell = std::function<void(HealthEvent)>;

    /// `tell` is called where something broke or is sound again; `counters` are the control
    /// thread's.
    Health(SeriesRegistry& registry, WorkerCounters& counters, const KernelRules& kernel,
           const Config& config, Tell tell);

    /// Once a second. False where a worker is stuck.
    [[nodiscard]] bool workers_progress(const Workers& workers, Watchdog::Clock::time_point now);

    /// Whether the kernel's rules are still octroi's, in this generation. Once a second.
    void watch_rules(std::uint8_t generation, DriftWatch::Clock::time_point now);

    /// How much passed uninspected because the queues or their sockets were full; where
    /// `on_failure` is open. Every few seconds: it runs a program.
    void count_uninspected(const Workers& workers);

    /// Before queues are opened: how many packets met the queue rule while no process was there.
    [[nodiscard]] std::uint64_t met_nobody() const;

    /// That so many of them passed: no queue was kept in which they would have waited.
    void count_bypassed(std::uint64_t packets);

    /// At the end, behind the last answer: from here on packets meet nobody.
    void note_end() const noexcept;

  private:
    void note_drift(const std::vector<std::string>& drift);
    void note_unread(const std::vector<std::string>& unread);
    void note(Slot slot, const char* condition, bool holds, const std::string& detail);

    Tell tell_;
    WorkerCounters& counters_;
    const KernelRules& kernel_;
    Slot worker_stalled_;
    Slot ruleset_drift_;
    Slot ruleset_unread_;
    Slot failed_open_;
    Slot bypassed_;
    BypassRecord bypass_record_;
    BypassCounter uninspected_;
    std::optional<Watchdog::Clock::time_point> counted_;
    Watchdog watchdog_;
    DriftWatch drift_watch_;
};

}  // namespace octroi
