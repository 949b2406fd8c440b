#pragma once

#include <vector>

#include "metrics/events/event_log.hpp"
#include "metrics/series/series.hpp"

namespace octroi {

/// octroi_events_total and octroi_events_dropped_total.
void add_event_families(std::vector<Family>& families, const EventLog& log);

}  // namespace octroi
