#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace octroi {

using Labels = std::vector<std::pair<std::string, std::string>>;

enum class MetricType : std::uint8_t {
    counter,
    gauge,
    latest,    ///< a gauge that is the highest of the workers' values, not their sum
    duration,  ///< a counter of seconds that is kept in nanoseconds
    histogram
};

/// A metric as the exposition shows it: one family with its series.
struct Family {
    struct Sample {
        Labels labels;
        double value = 0;
    };

    /// What a histogram counted.
    struct Buckets {
        std::vector<double> bounds;  ///< upper ones, rising; the last bucket has none
        std::vector<double> counts;  ///< of each bucket alone: one more than bounds
        double sum = 0;
    };

    std::string name;
    std::string help;
    MetricType type{};
    std::vector<Sample> samples;
    std::optional<Buckets> buckets;  ///< of a histogram, which has no samples
};

}  // namespace octroi
