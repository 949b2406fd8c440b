#include "metrics/exporter.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace octroi {
namespace {

prometheus::ClientMetric convert(const Family::Sample& sample, MetricType type) {
    prometheus::ClientMetric metric;
    for (const auto& [name, value] : sample.labels)
        metric.label.push_back({name, value});
    if (type == MetricType::counter)
        metric.counter.value = sample.value;
    else
        metric.gauge.value = sample.value;
    return metric;
}

prometheus::MetricFamily convert(const Family& family) {
    prometheus::MetricFamily converted;
    converted.name = family.name;
    converted.help = family.help;
    converted.type = family.type == MetricType::counter ? prometheus::MetricType::Counter
                                                        : prometheus::MetricType::Gauge;
    for (const Family::Sample& sample : family.samples)
        converted.metric.push_back(convert(sample, family.type));
    return converted;
}

}  // namespace

std::string exposition_text(const std::vector<Family>& families) {
    std::vector<prometheus::MetricFamily> converted;
    converted.reserve(families.size());
    for (const Family& family : families)
        converted.push_back(convert(family));
    return prometheus::TextSerializer().Serialize(converted);
}

}  // namespace octroi
