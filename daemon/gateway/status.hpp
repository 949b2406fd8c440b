#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/engine/ruleset.hpp"
#include "daemon/gateway/activity.hpp"
#include "metrics/series/series.hpp"

namespace octroi {

/// Where the daemon serves it.
inline constexpr std::string_view status_path = "/api/v1/status";

/// What a status is made of.
struct StatusSource {
    std::vector<Family> families;  ///< as they are exported
    const Ruleset& ruleset;        ///< in force
    Instant started;
    bool ready = false;
    std::string gateway;                 ///< the machine's name
    OnFailure on_failure{};              ///< what happens to packets without octroi
    bool events = false;                 ///< whether they are written anywhere
    Activity::View activity;             ///< of the control thread
    std::vector<std::string> decisions;  ///< event lines, the newest first
};

/// The state of a running daemon as one JSON object: policy, health, queues, workers, services,
/// rules and exemptions with their counts since the start, and the last decisions as events tell
/// them (docs/status.md). Names in these were chosen by strangers.
[[nodiscard]] std::string status_json(const StatusSource& source);

}  // namespace octroi
