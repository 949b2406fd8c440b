#include "daemon/gateway/ruleset_control.hpp"

#include <chrono>
#include <new>
#include <utility>

#include <absl/time/clock.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "daemon/gateway/ruleset_loader.hpp"
#include "daemon/kernel/interface_index.hpp"
#include "metrics/series/names.hpp"

namespace octroi {
namespace {

struct Interfaces {
    decltype(Ruleset::interface_zones) zones;
    std::vector<std::string> absent;  ///< a sentence each
};

// An interface that is made anew (a VPN, a VLAN, a modem) comes back under another number. One that
// could not be looked up is not absent: its zone would be lost.
std::expected<Interfaces, std::string> find_interfaces(const Policy& policy) {
    Interfaces found;
    for (const Zone& zone : policy.zones())
        for (const std::string& interface : zone.interfaces) {
            const auto index = interface_index(interface);
            if (!index)
                return std::unexpected(fmt::format("zone {}: {}", zone.name, index.error()));
            if (*index != 0)
                found.zones[*index] = policy.zones_of_interface(interface);
            else
                found.absent.push_back(
                    fmt::format("zone {}: there is no interface {} now", zone.name, interface));
        }
    return found;
}

void warn_of_absent(const Interfaces& interfaces) {
    for (const std::string& sentence : interfaces.absent)
        spdlog::warn("{}", sentence);
}

}  // namespace

std::expected<std::uint8_t, std::string> generation_at_start(const KernelRules& kernel) {
    const auto state = kernel.inspect();
    if (!state)
        return std::unexpected(state.error());
    if (!state->installed() || state->generations.empty())
        return std::unexpected(
            "the kernel has no rules of octroi, so no packet would reach it: run `octroi firewall "
            "install` first");
    if (!state->differences.empty())
        return std::unexpected(
            fmt::format("the kernel's rules are not those of this configuration: {}. Run `octroi "
                        "firewall install`",
                        fmt::join(state->differences, "; ")));
    // An installed one is there. NOLINTNEXTLINE(bugprone-unchecked-optional-access)
    return next_generation(*state->generations[0]);
}

RulesetControl::RulesetControl(Parts parts) : parts_(std::move(parts)) {
    const std::string reloads = metric::config_reloads_total;
    const std::string help = "Reloads of policy and catalogue, the first load included.";
    series_ = {
        .success =
            parts_.registry.slot(reloads, help, MetricType::counter, {{"result", "success"}}),
        .failure =
            parts_.registry.slot(reloads, help, MetricType::counter, {{"result", "failure"}}),
        .successful = parts_.registry.slot(metric::config_last_reload_successful,
                                           "Whether the last reload succeeded.", MetricType::gauge),
        .success_time =
            parts_.registry.slot(metric::config_last_reload_success_timestamp_seconds,
                                 "When the last successful reload was.", MetricType::gauge),
        .generation =
            parts_.registry.slot(metric::policy_generation,
                                 "Generation of the policy in force, 1 to 63.", MetricType::gauge)};
}

std::expected<void, std::string> RulesetControl::prepare(std::uint8_t generation) {
    auto ruleset = load(generation);
    if (!ruleset)
        return std::unexpected(std::move(ruleset.error()));
    published_.store(std::move(*ruleset));
    return {};
}

std::expected<void, std::string> RulesetControl::begin() {
    if (auto in_force = put_in_force(published_.load()); !in_force)
        return in_force;
    parts_.activity.enter(Activity::Phase::none);
    note(true);
    tell(PolicyEvent::Kind::load);
    return {};
}

std::expected<RulesetControl::Pointer, std::string> RulesetControl::load(std::uint8_t generation) {
    auto ruleset = load_ruleset(parts_.config.policy, parts_.config.catalogue, parts_.registry);
    if (!ruleset)
        return std::unexpected(std::move(ruleset.error()));
    auto interfaces = find_interfaces(*ruleset->policy);
    if (!interfaces)
        return std::unexpected(std::move(interfaces.error()));
    warn_of_absent(*interfaces);
    ruleset->generation = generation;
    ruleset->interface_zones = std::move(interfaces->zones);
    return std::make_shared<const Ruleset>(std::move(*ruleset));
}

std::expected<void, std::string> RulesetControl::put_in_force(const Pointer& ruleset) {
    // The kernel first: until the workers follow, they mark with the old generation and such flows
    // come back once more; nothing is lost. Where the kernel refuses, the old ruleset and
    // generation stay.
    // Marks that a full turn of the ring left behind go to a generation that is neither in force
    // nor about to be.
    const std::uint8_t stale = previous_generation(previous_generation(ruleset->generation));
    parts_.activity.enter(Activity::Phase::retiring_marks);
    const auto progress = [this](std::size_t done, std::size_t total) {
        parts_.activity.advance(done, total);
    };
    if (auto retired = parts_.kernel.retire(ruleset->generation, stale, progress); !retired)
        return retired;
    parts_.activity.enter(Activity::Phase::exchanging_rules);
    if (auto set = parts_.kernel.set_generation(ruleset->generation); !set) {
        if (current_)
            if (auto back = parts_.kernel.set_generation(current_->generation); !back)
                spdlog::error("the rules could not be set back either: {}", back.error());
        return set;
    }
    published_.store(ruleset);
    current_ = ruleset;
    next_edge_ = ruleset->policy->next_edge();
    parts_.counters.set(series_.generation, ruleset->generation);
    return {};
}

std::expected<void, std::string> RulesetControl::reload() {
    std::expected<void, std::string> in_force;
    parts_.activity.enter(Activity::Phase::reading);
    try {
        const auto ruleset = load(next_generation(current_->generation));
        in_force = ruleset ? put_in_force(*ruleset) : std::unexpected(ruleset.error());
    } catch (const std::bad_alloc&) {
        in_force = std::unexpected("there is no memory for it");
    }
    parts_.activity.enter(Activity::Phase::none);
    note(in_force.has_value());
    tell(in_force ? PolicyEvent::Kind::reload : PolicyEvent::Kind::refused,
         in_force ? "" : in_force.error());
    return in_force;
}

std::expected<bool, std::string> RulesetControl::follow_schedule() {
    const Policy& policy = *current_->policy;
    const Instant now = parts_.now();
    const bool passed = next_edge_ && *next_edge_ <= now;
    const bool set_back = now < policy.moment();
    auto interfaces = find_interfaces(policy);
    if (!interfaces)
        return std::unexpected(std::move(interfaces.error()));
    const bool moved = interfaces->zones != current_->interface_zones;
    if (!passed && !set_back && !moved)
        return false;
    if (moved) {
        spdlog::info("zones: an interface has come, gone or been made anew");
        warn_of_absent(*interfaces);
    }
    Ruleset ruleset = *current_;
    ruleset.policy = std::make_shared<const Policy>(policy.at(now));
    ruleset.interface_zones = std::move(interfaces->zones);
    ruleset.generation = next_generation(current_->generation);
    auto in_force = put_in_force(std::make_shared<const Ruleset>(std::move(ruleset)));
    parts_.activity.enter(Activity::Phase::none);
    if (in_force)
        tell(PolicyEvent::Kind::schedule);
    return in_force ? std::expected<bool, std::string>(true) : std::unexpected(in_force.error());
}

void RulesetControl::tell(PolicyEvent::Kind kind, std::string error) {
    const Policy& policy = *current_->policy;
    parts_.tell({.time = absl::ToChronoTime(parts_.now()),
                 .kind = kind,
                 .file = policy.file(),
                 .revision = std::string(policy.revision()),
                 .generation = current_->generation,
                 .rules = policy.rules().size(),
                 .error = std::move(error)});
}

void RulesetControl::note(bool success) {
    parts_.counters.add(success ? series_.success : series_.failure);
    parts_.counters.set(series_.successful, success ? 1 : 0);
    if (success)
        parts_.counters.set(series_.success_time,
                            static_cast<std::uint64_t>(absl::ToUnixSeconds(parts_.now())));
}

}  // namespace octroi
