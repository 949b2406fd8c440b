#include "metrics/series/series.hpp"

#include <algorithm>
#include <iterator>

#include "metrics/series/names.hpp"

namespace octroi {
namespace {

constexpr Slot overflow_slot = 0;
constexpr double nanosecond = 1e-9;

}  // namespace

void Histogram::observe(WorkerCounters& counters, std::uint64_t value, std::uint64_t times) const {
    Slot bucket = 0;
    while (bucket < scale_.bounds.size() && value > scale_.bounds[bucket])
        ++bucket;
    counters.add(first_ + bucket, times);
    counters.add(sum_, value * times);
}

Family::Buckets Histogram::merged(const std::vector<WorkerCounters>& workers) const {
    const auto total = [&](Slot slot) {
        std::uint64_t sum = 0;
        for (const WorkerCounters& worker : workers)
            sum += worker.value(slot);
        return static_cast<double>(sum);
    };
    Family::Buckets buckets;
    for (Slot i = 0; i < scale_.bounds.size(); ++i) {
        buckets.bounds.push_back(static_cast<double>(scale_.bounds[i]) * scale_.unit);
        buckets.counts.push_back(total(first_ + i));
    }
    buckets.counts.push_back(total(first_ + static_cast<Slot>(scale_.bounds.size())));
    buckets.sum = total(sum_) * scale_.unit;
    return buckets;
}

SeriesRegistry::SeriesRegistry(std::size_t workers) : workers_(workers) {
    static_cast<void>(slot(metric::series_overflow_total,
                           "Counts that found no series of their own because all slots were taken.",
                           MetricType::counter));
}

Slot SeriesRegistry::slot(const std::string& name, const std::string& help, MetricType type,
                          Labels labels, Show show) {
    const std::lock_guard lock(mutex_);
    Registered& family =
        families_
            .try_emplace(name,
                         Registered{.help = help, .type = type, .series = {}, .histogram = {}})
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

Histogram SeriesRegistry::histogram(const std::string& name, const std::string& help,
                                    Histogram::Scale scale) {
    const std::lock_guard lock(mutex_);
    const auto [family, is_new] = families_.try_emplace(
        name,
        Registered{.help = help, .type = MetricType::histogram, .series = {}, .histogram = {}});
    Histogram& histogram = family->second.histogram;
    const auto slots = static_cast<Slot>(scale.bounds.size() + 2);
    if (is_new && slots <= WorkerCounters::capacity - next_) {
        histogram.scale_ = std::move(scale);
        histogram.first_ = next_;
        next_ += slots;
        histogram.sum_ = next_ - 1;
    }
    return histogram;
}

std::uint64_t SeriesRegistry::merged(Slot slot, MetricType type) const {
    std::uint64_t total = 0;
    for (const WorkerCounters& worker : workers_)
        total = type == MetricType::latest ? std::max(total, worker.value(slot))
                                           : total + worker.value(slot);
    return total;
}

Family SeriesRegistry::family_of(const std::string& name, const Registered& registered) const {
    Family family{.name = name, .help = registered.help, .type = registered.type};
    if (registered.type == MetricType::histogram)
        family.buckets = registered.histogram.merged(workers_);
    const double unit = registered.type == MetricType::duration ? nanosecond : 1;
    family.samples.reserve(registered.series.size());
    for (const auto& [labels, series] : registered.series) {
        const std::uint64_t total = merged(series.slot, registered.type);
        if (total != 0 || series.show == Show::always)
            family.samples.push_back(
                {.labels = labels, .value = static_cast<double>(total) * unit});
    }
    return family;
}

std::vector<Family> SeriesRegistry::collect() const {
    std::vector<Family> families;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [name, registered] : families_)
            families.push_back(family_of(name, registered));
    }
    std::ranges::move(clients_.collect(), std::back_inserter(families));
    return families;
}

}  // namespace octroi
