#include "daemon/engine/rule_series.hpp"

#include <algorithm>

namespace octroi {

std::string_view RuleSeries::label(const Policy& policy, std::size_t index) {
    return index < max_named ? std::string_view(policy.rules()[index].name) : "_other";
}

RuleSeries::RuleSeries(SeriesRegistry& registry, const Policy& policy) {
    const std::size_t rules = std::min(policy.rules().size(), max_named + 1);
    for (std::size_t i = 0; i < rules; ++i) {
        const std::string name(label(policy, i));
        Slots slots;
        for (std::size_t mode = 0; mode < mode_names.size(); ++mode)
            slots.hits[mode] = registry.slot(
                rule_hits_metric,
                "Flows decided by a rule (enforce), or that a monitored rule would have decided.",
                MetricType::counter,
                {{"rule", name},
                 {"action", std::string(i < max_named ? to_string(policy.rules()[i].then) : "any")},
                 {"mode", std::string(mode_names[mode])}});
        slots.last_hit =
            registry.slot(rule_last_hit_metric,
                          "When a flow was last decided by the rule, or would have been; 0: never.",
                          MetricType::latest, {{"rule", name}});
        slots_.push_back(slots);
    }
}

void RuleSeries::count(WorkerCounters& counters, const Policy& policy, const Decision& decision,
                       std::uint64_t seconds) const {
    const auto hit = [&](const Rule* rule, Mode mode) {
        if (rule == nullptr)
            return;
        const auto index = static_cast<std::size_t>(rule - policy.rules().data());
        const Slots& slots = slots_[std::min(index, max_named)];
        counters.add(slots.hits[static_cast<std::size_t>(mode)]);
        counters.set(slots.last_hit, seconds);
    };
    hit(decision.enforced.rule, Mode::enforce);
    if (decision.would.rule != decision.enforced.rule)
        hit(decision.would.rule, Mode::monitor);
}

}  // namespace octroi
