#pragma once

#include <vector>

#include "daemon/config/config.hpp"
#include "metrics/series/family.hpp"

namespace octroi {

/// Adds what the kernel says of the queues that `config` names. Read at the scrape.
void add_queue_families(std::vector<Family>& families, const Config& config);

/// Adds how many connections the kernel tracks, and at most.
void add_conntrack_families(std::vector<Family>& families);

}  // namespace octroi
