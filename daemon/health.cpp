#include "daemon/health.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

namespace octroi {
namespace {

Slot degraded_by(SeriesRegistry& registry, const char* reason) {
    return registry.slot("octroi_degraded", "1 where something keeps octroi from its work.",
                         MetricType::gauge, {{"reason", reason}});
}

Slot uninspected(SeriesRegistry& registry, const char* cause) {
    return registry.slot("octroi_nfqueue_uninspected_packets_total",
                         "Packets that passed without a verdict of octroi.", MetricType::counter,
                         {{"cause", cause}});
}

constexpr auto between_counts = std::chrono::seconds(3);

std::uint64_t waiting_for(const Health::Workers& workers) {
    std::uint64_t waiting = 0;
    for (const QueueStatus& status : queue_status())
        for (const auto& worker : workers)
            waiting += worker->queue() == status.number ? status.waiting : 0;
    return waiting;
}

}  // namespace

Health::Health(SeriesRegistry& registry, const Firewall& firewall, const Config& config, Tell tell)
    : tell_(std::move(tell)),
      counters_(registry.worker(0)),
      firewall_(firewall),
      worker_stalled_(degraded_by(registry, "worker_stalled")),
      ruleset_drift_(degraded_by(registry, "ruleset_drift")),
      failed_open_(uninspected(registry, "fail_open")),
      bypassed_(uninspected(registry, "bypass")),
      gap_record_(GapRecord::of(config.on_failure)),
      watchdog_(config.queue_count, Watchdog::Clock::now()),
      drift_watch_(firewall) {}

bool Health::workers_progress(const Workers& workers) {
    bool all = true;
    for (std::size_t i = 0; i < workers.size(); ++i)
        all = watchdog_.progresses(i, workers[i]->rounds(), Watchdog::Clock::now()) && all;
    const bool before = counters_.value(worker_stalled_) == 0;
    if (before && !all)
        spdlog::error("a worker is stuck: packets wait without a verdict");
    if (!before && all)
        spdlog::info("all workers are at work again");
    note(worker_stalled_, "worker_stalled", !all, "packets wait without a verdict");
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
    note(ruleset_drift_, "ruleset_drift", !drift->empty(),
         fmt::format("{}", fmt::join(*drift, "; ")));
}

void Health::note(Slot slot, const char* condition, bool holds, const std::string& detail) {
    if ((counters_.value(slot) != 0) != holds)
        tell_({.time = std::chrono::system_clock::now(),
               .condition = condition,
               .holds = holds,
               .detail = holds ? detail : ""});
    counters_.set(slot, holds ? 1 : 0);
}

void Health::count_uninspected(const Workers& workers) {
    const auto now = Watchdog::Clock::now();
    if (counted_ && now - *counted_ < between_counts)
        return;
    counted_ = now;
    const auto to_queue = firewall_.packets_to_queue();
    if (!to_queue)  // no rules, no packets: drift is said elsewhere
        return;
    Uninspected::Reading reading{.to_queue = *to_queue, .waiting = waiting_for(workers)};
    for (const auto& worker : workers)
        reading.answered += worker->answered();
    counters_.set(failed_open_, uninspected_.update(reading));
    gap_record_.note(*to_queue);
}

std::uint64_t Health::met_nobody() const {
    const auto to_queue = firewall_.packets_to_queue();
    return to_queue ? gap_record_.unseen(*to_queue) : 0;
}

void Health::count_bypassed(std::uint64_t packets) {
    counters_.set(bypassed_, packets);
    if (packets != 0)
        spdlog::warn("{} packets passed uninspected while no octroi was there to answer", packets);
}

void Health::note_end() const {
    if (const auto to_queue = firewall_.packets_to_queue())
        gap_record_.note(*to_queue);
}

}  // namespace octroi
