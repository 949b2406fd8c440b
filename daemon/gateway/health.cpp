#include "daemon/gateway/health.hpp"

#include <exception>

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "daemon/kernel/nfqueue.hpp"
#include "metrics/series/names.hpp"

namespace octroi {
namespace {

Slot degraded_by(SeriesRegistry& registry, const char* reason) {
    return registry.slot(metric::degraded, "1 where something keeps octroi from its work.",
                         MetricType::gauge, {{"reason", reason}});
}

Slot uninspected(SeriesRegistry& registry, const char* cause) {
    return registry.slot(metric::nfqueue_uninspected_packets_total,
                         "Packets that passed without a verdict of octroi.", MetricType::counter,
                         {{"cause", cause}});
}

constexpr auto between_counts = std::chrono::seconds(3);

// Nothing where the queues could not be looked at.
std::optional<std::uint64_t> waiting_for(const Health::Workers& workers) {
    const auto queues = queue_status();
    if (!queues)
        return std::nullopt;
    std::uint64_t waiting = 0;
    for (const QueueStatus& status : *queues)
        for (const auto& worker : workers)
            waiting += worker.queue == status.number ? status.waiting : 0;
    return waiting;
}

}  // namespace

Health::Health(SeriesRegistry& registry, WorkerCounters& counters, const KernelRules& kernel,
               const Config& config, Tell tell)
    : tell_(std::move(tell)),
      counters_(counters),
      kernel_(kernel),
      worker_stalled_(degraded_by(registry, "worker_stalled")),
      ruleset_drift_(degraded_by(registry, "ruleset_drift")),
      ruleset_unread_(degraded_by(registry, "ruleset_unread")),
      failed_open_(uninspected(registry, "fail_open")),
      bypassed_(uninspected(registry, "bypass")),
      bypass_record_(BypassRecord::in(state_folder(config))),
      watchdog_(config.queue_count, Watchdog::Clock::now()),
      drift_watch_(kernel) {}

bool Health::workers_progress(const Workers& workers, Watchdog::Clock::time_point now) {
    bool all = true;
    for (std::size_t i = 0; i < workers.size(); ++i)
        all = watchdog_.progresses(i, workers[i].rounds, now) && all;
    const bool before = counters_.value(worker_stalled_) == 0;
    if (before && !all)
        spdlog::error("a worker is stuck: packets wait without a verdict");
    if (!before && all)
        spdlog::info("all workers are at work again");
    note(worker_stalled_, "worker_stalled", !all, "packets wait without a verdict");
    return all;
}

void Health::watch_rules(std::uint8_t generation, DriftWatch::Clock::time_point now) {
    const auto seen = drift_watch_.look(generation, now);
    if (!seen)
        return;
    note_unread(seen->unread);
    if (seen->drift)
        note_drift(*seen->drift);
}

void Health::note_drift(const std::vector<std::string>& drift) {
    const bool before = counters_.value(ruleset_drift_) == 0;
    if (!drift.empty())
        spdlog::error("the kernel's rules are not octroi's: {}. Run `octroi firewall install`",
                      fmt::join(drift, "; "));
    if (!before && drift.empty())
        spdlog::info("the kernel's rules are in place again");
    note(ruleset_drift_, "ruleset_drift", !drift.empty(),
         fmt::format("{}", fmt::join(drift, "; ")));
}

// What nobody could look at has not drifted: the last word on that stands. Said once: it is tried
// again and again.
void Health::note_unread(const std::vector<std::string>& unread) {
    const bool before = counters_.value(ruleset_unread_) == 0;
    if (before && !unread.empty())
        spdlog::error("whether the kernel's rules are octroi's is not known: {}",
                      fmt::join(unread, "; "));
    if (!before && unread.empty())
        spdlog::info("the kernel's rules can be read again");
    note(ruleset_unread_, "ruleset_unread", !unread.empty(),
         fmt::format("{}", fmt::join(unread, "; ")));
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
    const auto to_queue = kernel_.packets_to_queue();
    // What could not be read is read the next time, and drift is said elsewhere.
    const auto waiting = waiting_for(workers);
    if (!to_queue || !waiting)
        return;
    BypassCounter::Reading reading{.to_queue = *to_queue, .waiting = *waiting};
    for (const auto& worker : workers)
        reading.answered += worker.answered;
    counters_.set(failed_open_, uninspected_.update(reading));
    bypass_record_.note(*to_queue);
}

std::uint64_t Health::met_nobody() const {
    const auto to_queue = kernel_.packets_to_queue();
    if (!to_queue)
        spdlog::warn("what passed while no octroi was there to answer is not known: {}",
                     to_queue.error());
    return to_queue ? bypass_record_.unseen(*to_queue) : 0;
}

void Health::count_bypassed(std::uint64_t packets) {
    counters_.set(bypassed_, packets);
    if (packets != 0)
        spdlog::warn("{} packets passed uninspected while no octroi was there to answer", packets);
}

void Health::note_end() const noexcept {
    constexpr const char* consequence = "the next start will count too much as passed uninspected";
    try {
        if (const auto to_queue = kernel_.packets_to_queue())
            bypass_record_.note(*to_queue);
        else
            spdlog::warn("{}: {}", consequence, to_queue.error());
    } catch (const std::exception& error) {  // no memory
        spdlog::warn("{}: {}", consequence, error.what());
    }
}

}  // namespace octroi
