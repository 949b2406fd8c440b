#include "daemon/health.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

namespace octroi {
namespace {

Slot degraded_by(SeriesRegistry& registry, const char* reason) {
    return registry.slot("octroi_degraded", "1 where something keeps octroi from its work.",
                         MetricType::gauge, {{"reason", reason}});
}

}  // namespace

Health::Health(SeriesRegistry& registry, const Firewall& firewall, std::size_t workers)
    : counters_(registry.worker(0)),
      worker_stalled_(degraded_by(registry, "worker_stalled")),
      ruleset_drift_(degraded_by(registry, "ruleset_drift")),
      watchdog_(workers, Watchdog::Clock::now()),
      drift_watch_(firewall) {}

bool Health::workers_progress(const std::vector<std::unique_ptr<Worker>>& workers) {
    bool all = true;
    for (std::size_t i = 0; i < workers.size(); ++i)
        all = watchdog_.progresses(i, workers[i]->rounds(), Watchdog::Clock::now()) && all;
    const bool before = counters_.value(worker_stalled_) == 0;
    if (before && !all)
        spdlog::error("a worker is stuck: packets wait without a verdict");
    if (!before && all)
        spdlog::info("all workers are at work again");
    counters_.set(worker_stalled_, all ? 0 : 1);
    return all;
}

void Health::watch_rules(std::uint8_t generation) {
    const auto drift = drift_watch_.look(generation, DriftWatch::Clock::now());
    if (!drift)
        return;
    const bool before = counters_.value(ruleset_drift_) == 0;
    if (!drift->empty())
        spdlog::error("the kernel's rules are not octroi's: {}. Run `octroi firewall install`",
                      fmt::join(*drift, "; "));
    if (!before && drift->empty())
        spdlog::info("the kernel's rules are in place again");
    counters_.set(ruleset_drift_, drift->empty() ? 0 : 1);
}

}  // namespace octroi
