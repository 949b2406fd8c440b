#pragma once

#include <vector>

#include <absl/time/time.h>

#include "metrics/series/family.hpp"

namespace octroi {

/// Adds what Prometheus' client libraries tell of every process (process_cpu_seconds_total,
/// process_resident_memory_bytes, ...), from /proc/self. What can't be read there is left out.
void add_process_families(std::vector<Family>& families, absl::Time started);

}  // namespace octroi
