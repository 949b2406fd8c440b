#include "daemon/gateway/status.hpp"

#include <algorithm>
#include <map>
#include <ranges>

#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "daemon/version.hpp"
#include "metrics/series/names.hpp"
#include "metrics/threads/memory_reserve.hpp"

namespace octroi {
namespace {

using Json = nlohmann::ordered_json;

Json moment(Instant at) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", at, absl::UTCTimeZone());
}

Json moment_or_null(double seconds) {
    return seconds == 0 ? Json(nullptr)
                        : moment(absl::FromUnixSeconds(static_cast<std::int64_t>(seconds)));
}

std::string_view label(const Family::Sample& sample, std::string_view name) {
    const auto found = std::ranges::find(sample.labels, name, &Labels::value_type::first);
    return found == sample.labels.end() ? std::string_view() : found->second;
}

const std::vector<Family::Sample>& samples_of(const StatusSource& source, std::string_view name) {
    static const std::vector<Family::Sample> none;
    const auto found = std::ranges::find(source.families, name, &Family::name);
    return found == source.families.end() ? none : found->samples;
}

std::uint64_t total_of(const StatusSource& source, std::string_view name) {
    double total = 0;
    for (const Family::Sample& sample : samples_of(source, name))
        total += sample.value;
    return static_cast<std::uint64_t>(total);
}

Json policy_of(const StatusSource& source) {
    const Policy& policy = *source.ruleset.policy;
    const auto enforced = std::ranges::count(policy.rules(), Mode::enforce, &Rule::mode);
    const auto exemptions = std::ranges::count(policy.rules(), true, &Rule::exemption);
    std::optional<Instant> ends;
    for (const Rule& rule : policy.rules())
        if (rule.exemption && rule.schedule.until && *rule.schedule.until > policy.moment())
            ends = ends ? std::min(*ends, *rule.schedule.until) : *rule.schedule.until;
    const auto change = policy.next_edge();
    return {{"file", policy.file()},
            {"revision", policy.revision()},
            {"loaded", moment(source.ruleset.loaded)},
            {"generation", source.ruleset.generation},
            {"mode", to_string(policy.defaults().mode)},
            {"rules", policy.rules().size() - static_cast<std::size_t>(exemptions)},
            {"enforced", enforced - exemptions},
            {"monitored", policy.rules().size() - static_cast<std::size_t>(enforced)},
            {"exemptions", exemptions},
            {"next_exemption_end", ends ? moment(*ends) : Json(nullptr)},
            {"next_change", change ? moment(*change) : Json(nullptr)}};
}

Json health_of(const StatusSource& source) {
    Json reasons = Json::array();
    for (const Family::Sample& sample : samples_of(source, metric::degraded))
        if (sample.value != 0)
            reasons.push_back(label(sample, "reason"));
    return {
        {"ready", source.ready},
        {"reloads", total_of(source, metric::config_reloads_total)},
        {"last_reload_successful", total_of(source, metric::config_last_reload_successful) != 0},
        {"degraded", std::move(reasons)},
        {"on_failure", source.on_failure == OnFailure::closed ? "closed" : "open"},
        {"uninspected", total_of(source, metric::nfqueue_uninspected_packets_total)},
        {"memory", total_of(source, "process_resident_memory_bytes")},
        {"conntrack",
         {{"entries", total_of(source, metric::conntrack_entries)},
          {"limit", total_of(source, metric::conntrack_limit_entries)}}},
        {"events",
         {{"configured", source.events},
          {"written", total_of(source, metric::events_total)},
          {"lost", total_of(source, metric::events_dropped_total)}}}};
}

Json activity_of(const Activity::View& activity) {
    if (activity.phase == Activity::Phase::none)
        return nullptr;
    return {
        {"phase", to_string(activity.phase)}, {"done", activity.done}, {"total", activity.total}};
}

// A family per column, a row for each value of the label that tells the rows apart.
struct Column {
    const char* key;
    const char* family;
    bool time = false;
};

Json rows_of(const StatusSource& source, const char* by, const std::vector<Column>& columns) {
    std::map<std::string, Json, std::less<>> rows;
    for (const Column& column : columns)
        for (const Family::Sample& sample : samples_of(source, column.family)) {
            Json& row = rows[std::string(label(sample, by))];
            row[by] = label(sample, by);
            row[column.key] = column.time ? moment_or_null(sample.value)
                                          : Json(static_cast<std::uint64_t>(sample.value));
        }
    Json list = Json::array();
    for (auto& [name, row] : rows)
        list.push_back(std::move(row));
    return list;
}

Json services_of(const StatusSource& source) {
    struct Flows {
        std::uint64_t accepted = 0;
        std::uint64_t refused = 0;
        std::uint64_t would_be_refused = 0;
        std::uint64_t bytes = 0;
    };

    std::map<std::string, Flows, std::less<>> services;
    for (const Family::Sample& sample : samples_of(source, metric::flows_total)) {
        Flows& flows = services[std::string(label(sample, "service"))];
        const auto count = static_cast<std::uint64_t>(sample.value);
        const bool accepted = label(sample, "action") == to_string(Action::accept);
        (accepted ? flows.accepted : flows.refused) += count;
        if (accepted && label(sample, "would") != to_string(Action::accept))
            flows.would_be_refused += count;
    }
    for (const Family::Sample& sample : samples_of(source, metric::flow_bytes_total))
        services[std::string(label(sample, "service"))].bytes +=
            static_cast<std::uint64_t>(sample.value);
    std::vector<std::pair<std::string, Flows>> seen;
    for (const auto& [name, flows] : services)
        if (flows.accepted + flows.refused != 0)
            seen.emplace_back(name, flows);
    std::ranges::stable_sort(seen, std::ranges::greater(), [](const auto& each) {
        return each.second.accepted + each.second.refused;
    });
    Json list = Json::array();
    for (const auto& [name, flows] : seen)
        list.push_back({{"service", name},
                        {"accepted", flows.accepted},
                        {"refused", flows.refused},
                        {"would_be_refused", flows.would_be_refused},
                        {"bytes", flows.bytes}});
    return list;
}

// Exemptions, the next to end first.
Json exemptions_of(const StatusSource& source) {
    constexpr std::size_t shown = 100;
    const Policy& policy = *source.ruleset.policy;
    std::map<std::string_view, std::uint64_t> hits;
    for (const Family::Sample& sample : samples_of(source, rule_hits_metric))
        hits[label(sample, "rule")] += static_cast<std::uint64_t>(sample.value);
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < policy.rules().size(); ++i)
        if (policy.rules()[i].exemption && policy.rules()[i].schedule.until)
            order.push_back(i);
    std::ranges::stable_sort(order, {},
                             [&](std::size_t i) { return *policy.rules()[i].schedule.until; });
    Json list = Json::array();
    for (const std::size_t i : order | std::views::take(shown)) {
        const Rule& rule = policy.rules()[i];
        list.push_back({{"name", rule.name},
                        {"owner", rule.owner},
                        {"ticket", rule.ticket},
                        {"until", moment(rule.schedule.until.value_or(absl::InfiniteFuture()))},
                        {"active", policy.active(i)},
                        {"hits", hits[rule.name]}});
    }
    return list;
}

// What is no JSON was cut short on its way and is left out.
Json decisions_of(const std::vector<std::string>& lines) {
    Json list = Json::array();
    for (const std::string& line : lines)
        if (Json event = Json::parse(line, nullptr, false); !event.is_discarded())
            list.push_back(std::move(event));
    return list;
}

Json rules_of(const StatusSource& source) {
    std::map<std::string_view, std::array<std::uint64_t, mode_names.size()>> hits;
    std::map<std::string_view, double> last;
    for (const Family::Sample& sample : samples_of(source, rule_hits_metric))
        for (std::size_t mode = 0; mode < mode_names.size(); ++mode)
            if (label(sample, "mode") == mode_names[mode])
                hits[label(sample, "rule")][mode] += static_cast<std::uint64_t>(sample.value);
    for (const Family::Sample& sample : samples_of(source, rule_last_hit_metric))
        last[label(sample, "rule")] = sample.value;
    const Policy& policy = *source.ruleset.policy;
    Json list = Json::array();
    for (std::size_t i = 0; i < std::min(policy.rules().size(), RuleSeries::max_named); ++i) {
        const Rule& rule = policy.rules()[i];
        list.push_back({{"rule", rule.name},
                        {"file", rule.file},
                        {"line", rule.position.line},
                        {"action", to_string(rule.then)},
                        {"mode", to_string(rule.mode)},
                        {"exemption", rule.exemption},
                        {"active", policy.active(i)},
                        {"hits", hits[rule.name][0]},
                        {"would_hits", hits[rule.name][1]},
                        {"last_hit", moment_or_null(last[rule.name])}});
    }
    return list;
}

}  // namespace

std::string status_json(const StatusSource& source) {
    constexpr std::size_t more_than_it_takes = 8UL * 1024 * 1024;
    const MemoryReserve reserve(more_than_it_takes);
    const Json json = {
        {"version", version},
        {"gateway", source.gateway},
        {"process", getpid()},
        {"started", moment(source.started)},
        {"now", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone())},
        {"policy", policy_of(source)},
        {"activity", activity_of(source.activity)},
        {"health", health_of(source)},
        {"queues",
         rows_of(source, "queue",
                 {{.key = "received", .family = metric::nfqueue_received_packets_total},
                  {.key = "waiting", .family = metric::nfqueue_depth_packets},
                  {.key = "limit", .family = metric::nfqueue_limit_packets},
                  {.key = "kernel_dropped", .family = metric::nfqueue_kernel_dropped_packets_total},
                  {.key = "user_dropped", .family = metric::nfqueue_user_dropped_packets_total}})},
        {"workers", rows_of(source, "worker",
                            {{.key = "flows", .family = metric::flow_table_entries},
                             {.key = "limit", .family = metric::flow_table_limit_entries},
                             {.key = "heartbeat",
                              .family = metric::worker_heartbeat_timestamp_seconds,
                              .time = true}})},
        {"services", services_of(source)},
        {"exemptions", exemptions_of(source)},
        {"decisions", decisions_of(source.decisions)},
        {"rules", rules_of(source)}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace octroi
