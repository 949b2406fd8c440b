#pragma once

#include <vector>

#include "metrics/event_log.hpp"
#include "metrics/series.hpp"

namespace octroi {

/// octroi_events_total and octroi_events_dropped_total.
void add_event_families(std::vector<Family>& families, const EventLog& log);

}  // namespace octroi
