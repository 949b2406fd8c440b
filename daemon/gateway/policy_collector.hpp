#pragma once

#include <vector>

#include "daemon/engine/ruleset.hpp"
#include "metrics/series/family.hpp"

namespace octroi {

/// Adds what the metrics tell of the policy and the catalogue in force: octroi_policy_info and
/// others, octroi_exemption_expiry_timestamp_seconds, octroi_enforcement_mode,
/// octroi_service_info. Read at the scrape, as the policy stands at its own moment.
void add_policy_families(std::vector<Family>& families, const Ruleset& ruleset);

}  // namespace octroi
