#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <absl/time/clock.h>

#include "metrics/series/distinct_clients.hpp"
#include "metrics/series/family.hpp"

namespace octroi {

/// Index of a series in every worker's slot array.
using Slot = std::uint32_t;

/// The counters of one worker: only its own thread writes, the exporter reads. A write is a relaxed
/// load and store, no locked instruction.
class WorkerCounters {
  public:
    static constexpr std::size_t capacity = 131072;

    WorkerCounters() : slots_(capacity) {}

    void add(Slot slot, std::uint64_t amount = 1) { set(slot, value(slot) + amount); }

    void set(Slot slot, std::uint64_t value) {
        slots_[slot].store(value, std::memory_order_relaxed);
    }

    [[nodiscard]] std::uint64_t value(Slot slot) const {
        return slots_[slot].load(std::memory_order_relaxed);
    }

  private:
    std::vector<std::atomic<std::uint64_t>> slots_;
};

/// A histogram's slots, one for each bucket and one for the sum.
class Histogram {
  public:
    /// Whole numbers of a unit: nanoseconds that are shown as seconds, packets.
    struct Scale {
        std::vector<std::uint64_t> bounds;  ///< upper ones, rising
        double unit = 1;                    ///< what one of them is when shown
    };

    /// Counts `value`, `times` over.
    void observe(WorkerCounters& counters, std::uint64_t value, std::uint64_t times = 1) const;

    [[nodiscard]] Family::Buckets merged(const std::vector<WorkerCounters>& workers) const;

  private:
    friend class SeriesRegistry;

    Scale scale_;
    Slot first_ = 0;
    Slot sum_ = 0;
};

/// Gives every series its slot and sums the workers' slots for the exporter. Series are resolved
/// when a policy is loaded, never on the packet path; the same labels always get the same slot, so
/// counters go on over reloads. Thread-safe.
class SeriesRegistry {
  public:
    /// Whether a series is exported before it counted anything.
    enum class Show : std::uint8_t { always, when_counted };

    explicit SeriesRegistry(std::size_t workers);

    /// The slot of the series `name{labels}`. Where all slots are taken, the slot of the series
    /// `octroi_series_overflow_total`, which then counts what has no series of its own.
    [[nodiscard]] Slot slot(const std::string& name, const std::string& help, MetricType type,
                            Labels labels = {}, Show show = Show::always);

    /// The histogram of that name, shown from the start.
    [[nodiscard]] Histogram histogram(const std::string& name, const std::string& help,
                                      Histogram::Scale scale);

    /// The sketches of clients, which are exported with the series.
    [[nodiscard]] DistinctClients& clients() { return clients_; }

    [[nodiscard]] WorkerCounters& worker(std::size_t index) { return workers_[index]; }

    [[nodiscard]] std::size_t workers() const { return workers_.size(); }

    /// Every family with its value over all workers.
    [[nodiscard]] std::vector<Family> collect() const;

  private:
    struct Series {
        Slot slot = 0;
        Show show{};
    };

    struct Registered {
        std::string help;
        MetricType type{};
        std::map<Labels, Series> series;
        Histogram histogram;  ///< where it is of that type
    };

    [[nodiscard]] Family family_of(const std::string& name, const Registered& registered) const;
    [[nodiscard]] std::uint64_t merged(Slot slot, MetricType type) const;

    mutable std::mutex mutex_;
    std::map<std::string, Registered> families_;
    std::vector<WorkerCounters> workers_;
    DistinctClients clients_{absl::Now()};
    Slot next_ = 0;
};

}  // namespace octroi
