#include "daemon/commands/status_text.hpp"

#include <algorithm>

#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemon/commands/text_output.hpp"
#include "rules/policy/policy.hpp"

namespace octroi {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t services_shown = 20;
constexpr std::size_t decisions_shown = 10;
constexpr std::size_t exemptions_shown = 10;

// "3 h": the largest unit that is not 0.
std::string age_of(absl::Duration age) {
    const std::int64_t seconds = std::max<std::int64_t>(0, absl::ToInt64Seconds(age));
    if (seconds < 60)
        return fmt::format("{} s", seconds);
    if (seconds < 3600)
        return fmt::format("{} min", seconds / 60);
    if (seconds < 86400)
        return fmt::format("{} h", seconds / 3600);
    return fmt::format("{} d", seconds / 86400);
}

std::optional<absl::Time> time_of(const Json& value) {
    absl::Time time;
    std::string problem;
    if (!value.is_string() ||
        !absl::ParseTime(absl::RFC3339_full, value.get_ref<const std::string&>(), &time, &problem))
        return std::nullopt;
    return time;
}

std::string since(const Json& value, absl::Time now) {
    const auto time = time_of(value);
    return time ? age_of(now - *time) + " ago" : "never";
}

std::string policy_text(const Json& policy, absl::Time now) {
    std::string text = fmt::format(
        "{} ({}), {} rules, {} exemptions, loaded {}, generation {}",
        policy.at("file").get<std::string>(), policy.at("mode").get<std::string>(),
        policy.at("rules").get<std::uint64_t>(), policy.at("exemptions").get<std::uint64_t>(),
        since(policy.at("loaded"), now), policy.at("generation").get<std::uint64_t>());
    for (const auto& [key, words] : {std::pair("next_change", "changes by itself at"),
                                     std::pair("next_exemption_end", "an exemption ends at")})
        if (policy.at(key).is_string())
            text += fmt::format("; {} {}", words, policy.at(key).get<std::string>());
    return text;
}

std::string health_text(const Json& health) {
    std::string text = health.at("ready").get<bool>() ? "ready" : "NOT READY";
    if (!health.at("last_reload_successful").get<bool>())
        text += ", LAST RELOAD REFUSED";
    for (const Json& reason : health.at("degraded"))
        text += fmt::format(", DEGRADED: {}", reason.get<std::string>());
    return text;
}

std::string number(const Json& row, const char* key) {
    return std::to_string(row.at(key).get<std::uint64_t>());
}

std::string activity_text(const Json& activity) {
    std::string text = activity.at("phase").get<std::string>();
    if (const auto total = activity.at("total").get<std::uint64_t>(); total > 0)
        text += fmt::format(", {} of {} ({} %)", number(activity, "done"), total,
                            activity.at("done").get<std::uint64_t>() * 100 / total);
    return text;
}

using Rows = std::vector<std::vector<std::string>>;

std::string service_table(const Json& status) {
    Rows rows = {{"SERVICE", "ACCEPTED", "WOULD BE REFUSED", "REFUSED"}};
    for (const Json& service : status.at("services"))
        if (rows.size() <= services_shown)
            rows.push_back({service.at("service").get<std::string>(), number(service, "accepted"),
                            number(service, "would_be_refused"), number(service, "refused")});
    return aligned(rows);
}

// A text of an event, or "-".
std::string told(const Json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_string()
               ? printable(found->get_ref<const std::string&>())
               : "-";
}

std::string outcome_of(const Json& event) {
    const std::string action = told(event, "action");
    return action == to_string(Action::accept) ? "would " + told(event, "would") : action;
}

// The client as the privacy setting lets events tell it, else its zone.
std::string client_of(const Json& event) {
    constexpr std::size_t shown = 8;
    if (event.contains("src_pseudonym"))
        return told(event, "src_pseudonym").substr(0, shown);
    return told(event, event.contains("src_ip") ? "src_ip" : "zone");
}

std::string decision_table(const Json& status) {
    Rows rows = {{"LAST DECISIONS", "OUTCOME", "CLIENT", "SERVICE", "NAME", "SERVER", "RULE"}};
    for (const Json& event : status.at("decisions"))
        if (rows.size() <= decisions_shown)
            rows.push_back({told(event, "timestamp").substr(0, 19), outcome_of(event),
                            client_of(event), told(event, "service"), told(event, "server_name"),
                            told(event, "dest_ip"), told(event, "rule")});
    return rows.size() == 1 ? "" : "\n" + aligned(rows);
}

std::string exemption_table(const Json& status, absl::Time now) {
    Rows rows = {{"EXEMPTION", "ENDS", "OWNER", "TICKET", "FLOWS"}};
    for (const Json& exemption : status.at("exemptions")) {
        const auto until = time_of(exemption.at("until"));
        if (rows.size() > exemptions_shown || !until || *until <= now)
            continue;
        rows.push_back({exemption.at("name").get<std::string>(), "in " + age_of(*until - now),
                        exemption.at("owner").get<std::string>(),
                        exemption.at("ticket").get<std::string>(), number(exemption, "hits")});
    }
    return rows.size() == 1 ? "" : "\n" + aligned(rows);
}

std::string overview(const Json& status, absl::Time now) {
    std::vector<std::vector<std::string>> rows = {
        {"octroi",
         fmt::format("{} on {}, started {}", status.at("version").get<std::string>(),
                     status.at("gateway").get<std::string>(), since(status.at("started"), now))},
        {"policy", policy_text(status.at("policy"), now)},
        {"health", health_text(status.at("health"))}};
    if (!status.at("activity").is_null())
        rows.push_back({"reload", activity_text(status.at("activity"))});
    for (const Json& queue : status.at("queues"))
        rows.push_back(
            {"queue " + queue.at("queue").get<std::string>(),
             fmt::format("{} packets, {} of {} waiting, lost: {} queue full, {} socket full",
                         number(queue, "received"), number(queue, "waiting"),
                         number(queue, "limit"), number(queue, "kernel_dropped"),
                         number(queue, "user_dropped"))});
    for (const Json& worker : status.at("workers"))
        rows.push_back({"worker " + worker.at("worker").get<std::string>(),
                        fmt::format("{} flows, went round {}", number(worker, "flows"),
                                    since(worker.at("heartbeat"), now))});
    return aligned(rows) + "\n" + service_table(status) + decision_table(status) +
           exemption_table(status, now);
}

// A rule is unused where no flow met it for `days`, or since the daemon started.
bool unused(const Json& rule, std::uint32_t days, absl::Time now) {
    const auto last = time_of(rule.at("last_hit"));
    return !last || now - *last >= absl::Hours(24) * days;
}

std::string rule_table(const Json& status, std::optional<std::uint32_t> unused_days,
                       absl::Time now) {
    std::vector<std::vector<std::string>> rows = {
        {"RULE", "WHERE", "ACTION", "HITS", "WOULD", "LAST HIT"}};
    for (const Json& rule : status.at("rules")) {
        if (unused_days && !unused(rule, *unused_days, now))
            continue;
        const bool monitored = rule.at("mode").get<std::string>() == to_string(Mode::monitor);
        rows.push_back(
            {rule.at("rule").get<std::string>(),
             fmt::format("{}:{}", rule.at("file").get<std::string>(), number(rule, "line")),
             fmt::format("{}{}{}", rule.at("action").get<std::string>(),
                         monitored ? " (monitor)" : "",
                         rule.at("active").get<bool>() ? "" : " (inactive)"),
             number(rule, "hits"), number(rule, "would_hits"), since(rule.at("last_hit"), now)});
    }
    std::string text = aligned(rows);
    if (unused_days)
        text += fmt::format("not met for {} days, or not since the daemon started {}\n",
                            *unused_days, since(status.at("started"), now));
    return text;
}

}  // namespace

std::expected<StatusText, std::string> status_text(const std::string& status, StatusView view) {
    try {
        const Json json = Json::parse(status);
        const absl::Time now = absl::Now();
        return StatusText{.text = view.rules || view.unused ? rule_table(json, view.unused, now)
                                                            : overview(json, now),
                          .busy = !json.at("activity").is_null()};
    } catch (const Json::exception& error) {
        return std::unexpected(fmt::format("not the status of an octroi: {}", error.what()));
    }
}

}  // namespace octroi
