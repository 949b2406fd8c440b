#include "daemon/status.hpp"

#include <algorithm>
#include <map>

#include <absl/time/time.h>
#include <nlohmann/json.hpp>

#include "daemon/version.hpp"

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

Json policy_of(const StatusSource& source) {
    const Policy& policy = *source.ruleset.policy;
    const auto exemptions = std::ranges::count(policy.rules(), true, &Rule::exemption);
    std::optional<Instant> ends;
    for (const Rule& rule : policy.rules())
        if (rule.exemption && rule.schedule.until && *rule.schedule.until > policy.moment())
            ends = ends ? std::min(*ends, *rule.schedule.until) : *rule.schedule.until;
    const auto change = policy.next_edge();
    return {{"file", policy.file()},
            {"loaded", moment(source.ruleset.loaded)},
            {"generation", source.ruleset.generation},
            {"mode", to_string(policy.defaults().mode)},
            {"rules", policy.rules().size() - static_cast<std::size_t>(exemptions)},
            {"exemptions", exemptions},
            {"next_exemption_end", ends ? moment(*ends) : Json(nullptr)},
            {"next_change", change ? moment(*change) : Json(nullptr)}};
}

Json health_of(const StatusSource& source) {
    Json reasons = Json::array();
    for (const Family::Sample& sample : samples_of(source, "octroi_degraded"))
        if (sample.value != 0)
            reasons.push_back(label(sample, "reason"));
    bool reloaded = true;
    for (const Family::Sample& sample : samples_of(source, "octroi_config_last_reload_successful"))
        reloaded = sample.value != 0;
    double reloads = 0;
    for (const Family::Sample& sample : samples_of(source, "octroi_config_reloads_total"))
        reloads += sample.value;
    return {{"ready", source.ready},
            {"reloads", static_cast<std::uint64_t>(reloads)},
            {"last_reload_successful", reloaded},
            {"degraded", std::move(reasons)}};
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
    };

    std::map<std::string, Flows, std::less<>> services;
    for (const Family::Sample& sample : samples_of(source, "octroi_flows_total")) {
        Flows& flows = services[std::string(label(sample, "service"))];
        const auto count = static_cast<std::uint64_t>(sample.value);
        const bool accepted = label(sample, "action") == to_string(Action::accept);
        (accepted ? flows.accepted : flows.refused) += count;
        if (accepted && label(sample, "would") != to_string(Action::accept))
            flows.would_be_refused += count;
    }
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
                        {"would_be_refused", flows.would_be_refused}});
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
    const Json json = {
        {"version", version},
        {"started", moment(source.started)},
        {"policy", policy_of(source)},
        {"health", health_of(source)},
        {"queues",
         rows_of(
             source, "queue",
             {{.key = "received", .family = "octroi_nfqueue_received_packets_total"},
              {.key = "waiting", .family = "octroi_nfqueue_depth_packets"},
              {.key = "limit", .family = "octroi_nfqueue_limit_packets"},
              {.key = "kernel_dropped", .family = "octroi_nfqueue_kernel_dropped_packets_total"},
              {.key = "user_dropped", .family = "octroi_nfqueue_user_dropped_packets_total"}})},
        {"workers", rows_of(source, "worker",
                            {{.key = "flows", .family = "octroi_flow_table_entries"},
                             {.key = "heartbeat",
                              .family = "octroi_worker_heartbeat_timestamp_seconds",
                              .time = true}})},
        {"services", services_of(source)},
        {"rules", rules_of(source)}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace octroi
