#include "metrics/series/exporter.hpp"

#include <limits>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace octroi {
namespace {

prometheus::MetricType to_prometheus(MetricType type) {
    switch (type) {
        case MetricType::counter:
        case MetricType::duration:
            return prometheus::MetricType::Counter;
        case MetricType::gauge:
        case MetricType::latest:
            return prometheus::MetricType::Gauge;
        case MetricType::histogram:
            return prometheus::MetricType::Histogram;
    }
    return prometheus::MetricType::Untyped;
}

// Prometheus' buckets hold all that is below their bound.
prometheus::ClientMetric convert(const Family::Buckets& buckets) {
    prometheus::ClientMetric metric;
    auto& histogram = metric.histogram;
    for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
        histogram.sample_count += static_cast<std::uint64_t>(buckets.counts[i]);
        const double bound =
            i < buckets.bounds.size() ? buckets.bounds[i] : std::numeric_limits<double>::infinity();
        histogram.bucket.push_back(
            {.cumulative_count = histogram.sample_count, .upper_bound = bound});
    }
    histogram.sample_sum = buckets.sum;
    return metric;
}

prometheus::ClientMetric convert(Family::Sample&& sample, MetricType type) {
    prometheus::ClientMetric metric;
    metric.label.reserve(sample.labels.size());
    for (auto& [name, value] : sample.labels)
        metric.label.push_back({std::move(name), std::move(value)});
    if (to_prometheus(type) == prometheus::MetricType::Counter)
        metric.counter.value = sample.value;
    else
        metric.gauge.value = sample.value;
    return metric;
}

prometheus::MetricFamily convert(Family&& family) {
    prometheus::MetricFamily converted;
    converted.metric.reserve(family.samples.size() + 1);
    converted.name = std::move(family.name);
    converted.help = std::move(family.help);
    converted.type = to_prometheus(family.type);
    if (family.buckets)
        converted.metric.push_back(convert(*family.buckets));
    for (Family::Sample& sample : family.samples)
        converted.metric.push_back(convert(std::move(sample), family.type));
    return converted;
}

}  // namespace

std::string exposition_text(std::vector<Family> families) {
    std::vector<prometheus::MetricFamily> converted;
    converted.reserve(families.size());
    for (Family& family : families)
        converted.push_back(convert(std::move(family)));
    return prometheus::TextSerializer().Serialize(converted);
}

}  // namespace octroi
