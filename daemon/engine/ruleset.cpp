#include "daemon/engine/ruleset.hpp"

namespace octroi {

Ruleset make_ruleset(std::shared_ptr<const Catalogue> catalogue, Policy policy,
                     SeriesRegistry& registry) {
    Ruleset ruleset;
    ruleset.series = FlowSeries(registry, *catalogue, policy);
    ruleset.rule_series = RuleSeries(registry, policy);
    ruleset.clients = ClientSeries(registry, *catalogue, policy);
    ruleset.covered = covered_services(policy);
    ruleset.catalogue = std::move(catalogue);
    ruleset.policy = std::make_shared<const Policy>(std::move(policy));
    return ruleset;
}

}  // namespace octroi
