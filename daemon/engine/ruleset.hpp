#pragma once

#include <cstdint>
#include <memory>

#include <absl/container/flat_hash_map.h>

#include "daemon/engine/client_series.hpp"
#include "daemon/engine/flow_series.hpp"
#include "daemon/engine/rule_series.hpp"
#include "metrics/threads/published.hpp"
#include "rules/policy/policy.hpp"
#include "rules/services/catalogue.hpp"

namespace octroi {

/// Everything a worker needs to decide, published as one piece and never changed afterwards.
struct Ruleset {
    std::shared_ptr<const Catalogue> catalogue;
    std::shared_ptr<const Policy> policy;
    std::uint8_t generation = 1;
    Instant loaded = absl::InfinitePast();
    FlowSeries series;
    RuleSeries rule_series;
    ClientSeries clients;
    ServiceSet covered;                                           ///< named by a rule
    absl::flat_hash_map<std::uint32_t, ZoneSet> interface_zones;  ///< by ifindex
};

/// The ruleset in force, exchanged by the control thread.
using PublishedRuleset = Published<Ruleset>;

/// A ruleset of generation 1 with all its series.
[[nodiscard]] Ruleset make_ruleset(std::shared_ptr<const Catalogue> catalogue, Policy policy,
                                   SeriesRegistry& registry);

}  // namespace octroi
