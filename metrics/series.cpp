#include "metrics/series.hpp"

#include <algorithm>

namespace octroi {
namespace {

constexpr Slot overflow_slot = 0;

}  // namespace

SeriesRegistry::SeriesRegistry(std::size_t workers) : workers_(workers) {
    static_cast<void>(slot("octroi_series_overflow_total",
                           "Counts that found no series of their own because all slots were taken.",
                           MetricType::counter));
}

Slot SeriesRegistry::slot(const std::string& name, const std::string& help, MetricType type,
                          Labels labels, Show show) {
    const std::lock_guard lock(mutex_);
    Registered& family =
        families_.try_emplace(name, Registered{.help = help, .type = type, .series = {}})
            .first->second;
    const auto known = family.series.find(labels);
    if (known != family.series.end()) {
        if (show == Show::always)
            known->second.show = show;
        return known->second.slot;
    }
    if (next_ == WorkerCounters::capacity)
        return overflow_slot;
    family.series.emplace(std::move(labels), Series{.slot = next_, .show = show});
    return next_++;
}

std::uint64_t SeriesRegistry::merged(Slot slot, MetricType type) const {
    std::uint64_t total = 0;
    for (const WorkerCounters& worker : workers_)
        total = type == MetricType::latest ? std::max(total, worker.value(slot))
                                           : total + worker.value(slot);
    return total;
}

std::vector<Family> SeriesRegistry::collect() const {
    const std::lock_guard lock(mutex_);
    std::vector<Family> families;
    for (const auto& [name, registered] : families_) {
        Family family{.name = name, .help = registered.help, .type = registered.type};
        for (const auto& [labels, series] : registered.series) {
            const std::uint64_t total = merged(series.slot, registered.type);
            if (total != 0 || series.show == Show::always)
                family.samples.push_back({.labels = labels, .value = static_cast<double>(total)});
        }
        families.push_back(std::move(family));
    }
    return families;
}

}  // namespace octroi
