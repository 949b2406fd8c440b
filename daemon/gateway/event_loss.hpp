#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "metrics/events/event_log.hpp"

namespace octroi {

/// Notices that events are lost, and that none was for a minute.
class EventLoss {
  public:
    using Clock = std::chrono::steady_clock;

    /// What begins or ends, where something does. Once a second.
    [[nodiscard]] std::optional<HealthEvent> look(const EventLog& log, Clock::time_point now);

  private:
    std::map<std::string, std::uint64_t> seen_;  ///< by sink and reason
    std::optional<Clock::time_point> last_;      ///< when losses last grew, while they are told
};

}  // namespace octroi
