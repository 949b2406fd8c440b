#include "metrics/report/report_reader.hpp"

#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace octroi {
namespace {

constexpr std::string_view conferencing_category = "video-conferencing";

std::string_view field(const json::Value& event, std::string_view key) {
    const json::Value* value = event.find(key);
    return value == nullptr || value->kind == json::Kind::null ? std::string_view() : value->text;
}

// 0 where there is no such number.
std::uint64_t number(const json::Value& event, std::string_view key) {
    const std::string_view text = field(event, key);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

// Sums of hostile numbers stay where they are rather than start anew.
void add(std::uint64_t& sum, std::uint64_t amount) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    sum = amount > most - sum ? most : sum + amount;
}

std::string_view or_none(std::string_view text, std::string_view none) {
    return text.empty() ? none : text;
}

std::optional<Instant> time_of(const json::Value& event) {
    Instant time;
    std::string problem;
    if (!absl::ParseTime(absl::RFC3339_full, std::string(field(event, "timestamp")), &time,
                         &problem))
        return std::nullopt;
    return time;
}

// The outcome that an event tells of, as the place where it is counted.
std::uint64_t& outcome_in(Outcomes& outcomes, const json::Value& event) {
    if (field(event, "action") != "accept")
        return outcomes.refused;
    return or_none(field(event, "would"), "accept") == "accept" ? outcomes.accepted
                                                                : outcomes.would;
}

std::string rule_of(const json::Value& event) {
    if (const auto rule = field(event, "rule"); !rule.empty())
        return std::string(rule);
    const std::string_view exception = field(event, "exception");
    return exception.empty() ? "(the default)" : fmt::format("(exception {})", exception);
}

}  // namespace

bool ReportReader::take(std::string_view line) {
    const auto event = json::parse("event", line);
    const auto time = event ? time_of(*event) : std::nullopt;
    if (!time || field(*event, "event_type").empty()) {
        ++figures_.broken;
        return false;
    }
    if (*time < period_.from || *time >= period_.to) {
        ++figures_.outside;
        return true;
    }
    const std::string_view type = field(*event, "event_type");
    ++figures_.events;
    ++figures_.types[type];
    count_run(*event, *time);
    if (type == "decision")
        count_decision(*event, *time);
    else if (type == "flow")
        count_flow_end(*event);
    else if (type == "exception")
        count_exception(*event);
    else if (type == "policy")
        note({.time = *time,
              .gateway = std::string(field(*event, "gateway")),
              .what = fmt::format("policy: {}", field(*event, "change")),
              .detail =
                  std::string(or_none(field(*event, "error"), field(*event, "policy_revision")))});
    else if (type == "health")
        note({.time = *time,
              .gateway = std::string(field(*event, "gateway")),
              .what = fmt::format("{}: {}", field(*event, "condition"), field(*event, "state")),
              .detail = std::string(field(*event, "detail"))});
    return true;
}

void ReportReader::count_run(const json::Value& event, Instant time) {
    const std::string_view gateway = or_none(field(event, "gateway"), "(not named)");
    const std::string_view boot = field(event, "boot_id");
    Run& run = figures_.runs[fmt::format("{}\n{}", gateway, boot)];
    run.gateway = gateway;
    run.boot = boot;
    run.seen.at(time);
    ++run.events;
    if (!field(event, "seq").empty()) {
        const std::uint64_t sequence = number(event, "seq");
        run.lowest = run.numbered == 0 ? sequence : std::min(run.lowest, sequence);
        run.highest = std::max(run.highest, sequence);
        ++run.numbered;
    }
    if (const auto revision = field(event, "policy_revision"); !revision.empty()) {
        PolicyRevision& policy = figures_.policies[revision];
        policy.seen.at(time);
        ++policy.events;
    }
}

void ReportReader::count_decision(const json::Value& event, Instant time) {
    const std::uint64_t suppressed = number(event, "suppressed");
    std::uint64_t flows = 1;
    add(flows, suppressed);
    add(figures_.folded, suppressed);
    const std::string_view service = or_none(field(event, "service"), "unknown");
    const auto count = [&](Outcomes& outcomes) { add(outcome_in(outcomes, event), flows); };
    count(figures_.decisions);
    count(figures_.gateways[or_none(field(event, "gateway"), "(not named)")]);
    count(figures_.services[service]);
    count(figures_.zones[or_none(field(event, "zone"), "(no zone)")]);
    count(figures_.rules[rule_of(event)]);
    count(figures_.days[absl::FormatTime("%Y-%m-%d", time, period_.zone)]);
    if (const auto exception = field(event, "exception"); !exception.empty())
        count(figures_.exceptions[exception]);
    if (field(event, "category") == conferencing_category)
        count(figures_.conferencing[service].decided);
    if (field(event, "protocol") == "DNS" && field(event, "decided_at_packet") == "0")
        add(figures_.names_refused, flows);
    count_client(event);
}

void ReportReader::count_client(const json::Value& event) {
    if (!field(event, "src_ip").empty()) {
        ++figures_.clients_full;
    } else if (!field(event, "src_pseudonym").empty()) {
        ++figures_.clients_pseudonym;
        ++figures_.key_epochs[or_none(field(event, "key_epoch"), "(not named)")];
    } else {
        ++figures_.clients_zone;
    }
}

void ReportReader::count_flow_end(const json::Value& event) {
    ++figures_.flow_ends;
    const json::Value* flow = event.find("flow");
    if (flow == nullptr || field(event, "category") != conferencing_category ||
        field(event, "action") != "accept")
        return;
    Carried& carried = figures_.conferencing[or_none(field(event, "service"), "unknown")];
    ++carried.ended;
    add(carried.bytes, number(*flow, "bytes_toserver"));
    add(carried.bytes, number(*flow, "bytes_toclient"));
}

void ReportReader::count_exception(const json::Value& event) {
    std::uint64_t cases = 1;
    add(cases, number(event, "suppressed"));
    add(outcome_in(figures_.exceptions[or_none(field(event, "exception"), "(not named)")], event),
        cases);
}

void ReportReader::note(Incident incident) {
    if (figures_.incidents.size() < ReportFigures::max_incidents)
        figures_.incidents.push_back(std::move(incident));
    else
        ++figures_.more_incidents;
}

}  // namespace octroi
