#pragma once

#include <memory>
#include <vector>

#include "daemon/drift_watch.hpp"
#include "daemon/watchdog.hpp"
#include "daemon/worker.hpp"

namespace octroi {

/// Looks after what octroi's work depends on, and says in the log and in octroi_degraded what is
/// wrong with it. Used by the control thread.
class Health {
  public:
    Health(SeriesRegistry& registry, const Firewall& firewall, std::size_t workers);

    /// Once a second. False where a worker is stuck.
    [[nodiscard]] bool workers_progress(const std::vector<std::unique_ptr<Worker>>& workers);

    /// Whether the kernel's rules are still octroi's, in this generation. Once a second.
    void watch_rules(std::uint8_t generation);

  private:
    WorkerCounters& counters_;  ///< worker 0's; no worker writes these slots
    Slot worker_stalled_;
    Slot ruleset_drift_;
    Watchdog watchdog_;
    DriftWatch drift_watch_;
};

}  // namespace octroi
