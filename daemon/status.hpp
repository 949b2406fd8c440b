#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/ruleset.hpp"
#include "metrics/series.hpp"

namespace octroi {

/// Where the daemon serves it.
inline constexpr std::string_view status_path = "/api/v1/status";

/// What a status is made of.
struct StatusSource {
    std::vector<Family> families;  ///< as they are exported
    const Ruleset& ruleset;        ///< in force
    Instant started;
    bool ready = false;
};

/// The state of a running daemon as one JSON object: policy, health, queues, workers, services and
/// rules with their counts since the start (docs/metrics.md, "Status"). No
/// client and no name that a client asked for is in it.
[[nodiscard]] std::string status_json(const StatusSource& source);

}  // namespace octroi
