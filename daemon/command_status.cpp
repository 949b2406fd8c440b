#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "daemon/commands.hpp"
#include "daemon/config.hpp"
#include "daemon/http_client.hpp"
#include "daemon/ruleset_loader.hpp"
#include "daemon/status.hpp"
#include "daemon/text_output.hpp"

namespace octroi {
namespace {

using Json = nlohmann::ordered_json;

constexpr absl::Duration watch_interval = absl::Seconds(2);

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

std::string overview(const Json& status, absl::Time now) {
    std::vector<std::vector<std::string>> rows = {
        {"octroi", fmt::format("{}, started {}", status.at("version").get<std::string>(),
                               since(status.at("started"), now))},
        {"policy", policy_text(status.at("policy"), now)},
        {"health", health_text(status.at("health"))}};
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
    const std::string text = aligned(rows);
    constexpr std::size_t shown = 20;
    std::vector<std::vector<std::string>> services = {
        {"SERVICE", "ACCEPTED", "WOULD BE REFUSED", "REFUSED"}};
    for (const Json& service : status.at("services"))
        if (services.size() <= shown)
            services.push_back({service.at("service").get<std::string>(),
                                number(service, "accepted"), number(service, "would_be_refused"),
                                number(service, "refused")});
    return text + "\n" + aligned(services);
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

std::expected<std::string, std::string> page_of(const StatusCommand& command,
                                                const std::string& url) {
    auto body = http_get(url);
    if (!body || command.json)
        return body;
    try {
        const Json status = Json::parse(*body);
        const absl::Time now = absl::Now();
        return command.rules || command.unused ? rule_table(status, command.unused, now)
                                               : overview(status, now);
    } catch (const Json::exception& error) {
        return std::unexpected(
            fmt::format("{}: not the status of an octroi: {}", url, error.what()));
    }
}

}  // namespace

ExitCode execute(const StatusCommand& command) {
    std::string url = command.url.value_or("");
    if (!command.url) {
        const auto config = load_config(command.config);
        if (!config) {
            fmt::print(stderr, "{}", render_all(config.error()));
            return ExitCode::failed;
        }
        url = base_url(*config);
    }
    url += status_path;
    while (true) {
        const auto page = page_of(command, url);
        if (!page) {
            fmt::print(stderr, "octroi: {}. Does `octroi run` run there?\n", page.error());
            return ExitCode::unreachable;
        }
        if (command.watch && isatty(STDOUT_FILENO) != 0)
            fmt::print("\033[H\033[2J");
        fmt::print("{}", *page);
        static_cast<void>(std::fflush(stdout));
        if (!command.watch)
            return ExitCode::ok;
        absl::SleepFor(watch_interval);
    }
}

}  // namespace octroi
