#include "daemon/gateway/policy_collector.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "metrics/series/names.hpp"

namespace octroi {
namespace {

enum class Phase : std::uint8_t { pending, active, expired };

constexpr std::array<std::string_view, 3> state_names = {"pending", "active", "expired"};

enum class Enforcement : std::uint8_t { enforce, partial, monitor };

constexpr std::array<std::string_view, 3> enforcement_names = {"enforce", "partial", "monitor"};

Family policy_gauge(std::string name, std::string help) {
    return {.name = std::move(name), .help = std::move(help), .type = MetricType::gauge};
}

double seconds_of(Instant at) {
    return static_cast<double>(absl::ToUnixSeconds(at));
}

// By its dates alone; hours come and go.
Phase phase_of(const Rule& rule, Instant at) {
    if (rule.schedule.from && *rule.schedule.from > at)
        return Phase::pending;
    if (rule.schedule.until && *rule.schedule.until <= at)
        return Phase::expired;
    return Phase::active;
}

Enforcement enforcement_of(const Rule& rule, Instant at) {
    if (rule.rollout.empty())
        return rule.mode == Mode::enforce ? Enforcement::enforce : Enforcement::monitor;
    Enforcement reached = Enforcement::monitor;
    for (const RolloutStage& stage : rule.rollout) {
        if (stage.from > at)
            continue;
        if (!stage.zone && stage.percent == 100)
            return Enforcement::enforce;
        reached = Enforcement::partial;
    }
    return reached;
}

// Of all that may refuse: the rules whose dates hold, and the default where that refuses.
Enforcement enforcement_of(const Policy& policy) {
    const Enforcement fallback =
        policy.defaults().mode == Mode::enforce ? Enforcement::enforce : Enforcement::monitor;
    std::optional<Enforcement> all;
    const auto take = [&](Enforcement one) {
        all = all.value_or(one) == one ? one : Enforcement::partial;
    };
    if (policy.defaults().action != Action::accept)
        take(fallback);
    for (const Rule& rule : policy.rules())
        if (rule.then != Action::accept && phase_of(rule, policy.moment()) == Phase::active)
            take(enforcement_of(rule, policy.moment()));
    return all.value_or(fallback);
}

void add_state_set(Family& family, const char* label, auto names, std::size_t current) {
    for (std::size_t i = 0; i < names.size(); ++i)
        family.samples.push_back({{{label, std::string(names[i])}}, i == current ? 1.0 : 0.0});
}

Family rules_family(const Policy& policy) {
    Family family = policy_gauge(metric::policy_rules, "Rules of the policy in force.");
    const auto enforced = std::ranges::count(policy.rules(), Mode::enforce, &Rule::mode);
    family.samples.push_back({{{"state", "enforced"}}, static_cast<double>(enforced)});
    family.samples.push_back(
        {{{"state", "monitored"}},
         static_cast<double>(policy.rules().size()) - static_cast<double>(enforced)});
    return family;
}

Family info_family(const Policy& policy) {
    Family family = policy_gauge(metric::policy_info, "The policy in force, by its text.");
    family.samples.push_back(
        {{{"revision", std::string(policy.revision())}, {"sha256", policy.sha256()}}, 1});
    return family;
}

void add_exemptions(std::vector<Family>& families, const Policy& policy) {
    Family states = policy_gauge(metric::policy_exemptions, "Exemptions of the policy in force.");
    Family next = policy_gauge(metric::policy_next_exemption_expiry_timestamp_seconds,
                               "When the next of the active exemptions ends; 0: there is none.");
    Family expiry = policy_gauge(metric::exemption_expiry_timestamp_seconds,
                                 "When the exemption ends, or has ended.");
    std::array<double, state_names.size()> count{};
    double soonest = 0;
    for (std::size_t i = 0; i < policy.rules().size(); ++i) {
        const Rule& rule = policy.rules()[i];
        if (!rule.exemption || !rule.schedule.until)
            continue;
        const Phase phase = phase_of(rule, policy.moment());
        const double end = seconds_of(*rule.schedule.until);
        ++count[static_cast<std::size_t>(phase)];
        if (phase == Phase::active)
            soonest = soonest == 0 ? end : std::min(soonest, end);
        if (i < RuleSeries::max_named)
            expiry.samples.push_back({{{"rule", rule.name}}, end});
    }
    for (std::size_t i = 0; i < state_names.size(); ++i)
        states.samples.push_back({{{"state", std::string(state_names[i])}}, count[i]});
    next.samples.push_back({{}, soonest});
    for (Family* family : {&states, &next, &expiry})
        families.push_back(std::move(*family));
}

Family services_family(const Ruleset& ruleset) {
    Family family =
        policy_gauge(metric::service_info, "A service of the catalogue in force, for joins.");
    for (const Service& service : ruleset.catalogue->services())
        family.samples.push_back({{{"service", service.name},
                                   {"category", std::string(to_string(service.category))},
                                   {"jurisdiction", service.jurisdiction},
                                   {"covered", ruleset.covered.test(service.id) ? "yes" : "no"}},
                                  1});
    return family;
}

}  // namespace

void add_policy_families(std::vector<Family>& families, const Ruleset& ruleset) {
    const Policy& policy = *ruleset.policy;
    families.push_back(rules_family(policy));
    families.push_back(info_family(policy));
    add_exemptions(families, policy);
    Family mode = policy_gauge(metric::enforcement_mode,
                               "1 for what the refusing rules of the policy in force do.");
    add_state_set(mode, "mode", enforcement_names,
                  static_cast<std::size_t>(enforcement_of(policy)));
    families.push_back(std::move(mode));
    families.push_back(services_family(ruleset));
}

}  // namespace octroi
