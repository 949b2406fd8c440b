#include "metrics/report/report_reader.hpp"

#include <limits>

#include <fmt/format.h>

namespace octroi {
namespace {

constexpr std::string_view conferencing_category = "video-conferencing";

// Sums of hostile numbers stay where they are rather than start anew.
void add(std::uint64_t& sum, std::uint64_t amount) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    sum = amount > most - sum ? most : sum + amount;
}

std::string_view or_none(std::string_view text, std::string_view none) {
    return text.empty() ? none : text;
}

// The outcome that an event tells of, as the place where it is counted.
std::uint64_t& outcome_in(Outcomes& outcomes, const RecordedEvent& event) {
    if (event.text("action") != "accept")
        return outcomes.refused;
    return or_none(event.text("would"), "accept") == "accept" ? outcomes.accepted : outcomes.would;
}

std::string rule_of(const RecordedEvent& event) {
    if (const auto rule = event.text("rule"); !rule.empty())
        return std::string(rule);
    const std::string_view exception = event.text("exception");
    return exception.empty() ? "(the default)" : fmt::format("(exception {})", exception);
}

}  // namespace

bool ReportReader::take(std::string_view line) {
    const auto event = RecordedEvent::read(line);
    const auto time = event ? event->time() : std::nullopt;
    if (!time || event->type().empty()) {
        ++figures_.broken;
        return false;
    }
    if (*time < period_.from || *time >= period_.to) {
        ++figures_.outside;
        return true;
    }
    const std::string_view type = event->type();
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
        note(
            {.time = *time,
             .gateway = std::string(event->text("gateway")),
             .what = fmt::format("policy: {}", event->text("change")),
             .detail = std::string(or_none(event->text("error"), event->text("policy_revision")))});
    else if (type == "health")
        note({.time = *time,
              .gateway = std::string(event->text("gateway")),
              .what = fmt::format("{}: {}", event->text("condition"), event->text("state")),
              .detail = std::string(event->text("detail"))});
    return true;
}

void ReportReader::count_run(const RecordedEvent& event, Instant time) {
    const std::string_view gateway = or_none(event.text("gateway"), "(not named)");
    const std::string_view boot = event.text("boot_id");
    Run& run = figures_.runs[fmt::format("{}\n{}", gateway, boot)];
    run.gateway = gateway;
    run.boot = boot;
    run.seen.at(time);
    ++run.events;
    if (!event.text("seq").empty()) {
        const std::uint64_t sequence = event.number("seq");
        run.lowest = run.numbered == 0 ? sequence : std::min(run.lowest, sequence);
        run.highest = std::max(run.highest, sequence);
        ++run.numbered;
    }
    if (const auto revision = event.text("policy_revision"); !revision.empty()) {
        PolicyRevision& policy = figures_.policies[revision];
        policy.seen.at(time);
        ++policy.events;
    }
}

void ReportReader::count_decision(const RecordedEvent& event, Instant time) {
    const std::uint64_t suppressed = event.number("suppressed");
    std::uint64_t flows = 1;
    add(flows, suppressed);
    add(figures_.folded, suppressed);
    const std::string_view service = or_none(event.text("service"), "unknown");
    const auto count = [&](Outcomes& outcomes) { add(outcome_in(outcomes, event), flows); };
    count(figures_.decisions);
    count(figures_.gateways[or_none(event.text("gateway"), "(not named)")]);
    count(figures_.services[service]);
    count(figures_.zones[or_none(event.text("zone"), "(no zone)")]);
    count(figures_.rules[rule_of(event)]);
    count(figures_.days[absl::FormatTime("%Y-%m-%d", time, period_.zone)]);
    if (const auto exception = event.text("exception"); !exception.empty())
        count(figures_.exceptions[exception]);
    if (event.text("category") == conferencing_category)
        count(figures_.conferencing[service].decided);
    if (event.text("protocol") == "DNS" && event.text("decided_at_packet") == "0")
        add(figures_.names_refused, flows);
    count_client(event);
}

void ReportReader::count_client(const RecordedEvent& event) {
    if (!event.text("src_ip").empty()) {
        ++figures_.clients_full;
    } else if (!event.text("src_pseudonym").empty()) {
        ++figures_.clients_pseudonym;
        ++figures_.key_epochs[or_none(event.text("key_epoch"), "(not named)")];
    } else {
        ++figures_.clients_zone;
    }
}

void ReportReader::count_flow_end(const RecordedEvent& event) {
    ++figures_.flow_ends;
    if (event.text("category") != conferencing_category || event.text("action") != "accept")
        return;
    Carried& carried = figures_.conferencing[or_none(event.text("service"), "unknown")];
    ++carried.ended;
    add(carried.bytes, event.carried("bytes_toserver"));
    add(carried.bytes, event.carried("bytes_toclient"));
}

void ReportReader::count_exception(const RecordedEvent& event) {
    std::uint64_t cases = 1;
    add(cases, event.number("suppressed"));
    add(outcome_in(figures_.exceptions[or_none(event.text("exception"), "(not named)")], event),
        cases);
}

void ReportReader::note(Incident incident) {
    if (figures_.incidents.size() < ReportFigures::max_incidents)
        figures_.incidents.push_back(std::move(incident));
    else
        ++figures_.more_incidents;
}

}  // namespace octroi
