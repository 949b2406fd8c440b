#include "daemon/engine/pipeline_counts.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace octroi {
namespace {

PacketFate to_fate(const Verdict& verdict) {
    if (verdict.kind == Verdict::Kind::discard)
        return PacketFate::drop;
    switch (verdict.mark.state) {
        case MarkState::none:
        case MarkState::pass:
        case MarkState::watch:
        case MarkState::invalid:
        case MarkState::established:
            return PacketFate::pass;
        case MarkState::accept:
            return PacketFate::accept;
        case MarkState::drop:
            return PacketFate::drop;
        case MarkState::reject:
            return PacketFate::reject;
    }
    return PacketFate::drop;
}

template <typename Enum>
std::size_t index(Enum value) {
    return static_cast<std::size_t>(value);
}

}  // namespace

PipelineCounts::PipelineCounts(PipelineSeries series, WorkerCounters& counters)
    : series_(std::move(series)), counters_(counters) {}

void PipelineCounts::packet(bool v4, std::size_t length, const Verdict& verdict) {
    const std::size_t family = v4 ? 0 : 1;
    const std::size_t fate = index(to_fate(verdict));
    counters_.add(series_.packets[family][fate]);
    counters_.add(series_.packet_bytes[family][fate], length);
}

void PipelineCounts::error(DecodeError error) {
    counters_.add(series_.decode_errors[index(error)]);
}

void PipelineCounts::error(ParserError error) {
    counters_.add(series_.parser_errors[index(error)]);
}

void PipelineCounts::exception(Exception exception, Action action) {
    counters_.add(series_.exceptions[index(exception)][index(action)]);
}

void PipelineCounts::decided(const Flow& flow, const Evaluation& evaluation,
                             const Ruleset& ruleset) {
    const Decision& decision = evaluation.decision;
    const Action action = decision.enforced.action;
    const auto zone = evaluation.label_zone(*ruleset.policy);
    const FlowSeries::Slots& slots =
        ruleset.series.at(evaluation.service(), zone, action, evaluation.would());
    counters_.add(slots.flows);
    counters_.add(slots.packets, flow.packets);
    if (action == Action::accept)
        ruleset.clients.add(evaluation.service(), zone, evaluation.parties.client.address);
    const Identification& found = evaluation.identification;
    if (found.service != nullptr)
        counters_.add(series_.evidence[index(found.decisive)][index(found.strength)]);
    ruleset.rule_series.count(counters_, *ruleset.policy, decision,
                              static_cast<std::uint64_t>(unix_seconds(flow.last_seen)));
    if (decision.exception)
        exception(*decision.exception, action);
    if (decision.exception == Exception::unreadable)
        counters_.add(series_.unreadable[index(flow.inspector->findings().unreadable)]);
    effort(flow, evaluation);
}

void PipelineCounts::invalid(const Verdict& verdict) {
    const PacketFate fate = to_fate(verdict);
    const bool passed = fate == PacketFate::pass || fate == PacketFate::accept;
    counters_.add(series_.invalid[passed ? 0 : 1]);
}

// What it took to decide the flow, and why nothing was learned where that is so.
void PipelineCounts::effort(const Flow& flow, const Evaluation& evaluation) {
    using std::chrono::nanoseconds;
    const nanoseconds delay =
        std::max(nanoseconds(flow.last_seen - flow.first_seen), nanoseconds(0));
    series_.decision_packets.observe(counters_, flow.packets);
    series_.decision_delay.observe(counters_, static_cast<std::uint64_t>(delay.count()));
    if (evaluation.decision.exception == Exception::unclassified)
        counters_.add(flow.inspector->findings().ending == Ending::quota ? series_.quota
                                                                         : series_.no_name);
}

void PipelineCounts::redecided(Action action) {
    counters_.add(series_.redecided[index(action)]);
}

void PipelineCounts::dns_answers(const DnsAnswerFilter::Edit& edit) {
    for (std::size_t fate = 0; fate < edit.answers.size(); ++fate)
        counters_.add(series_.dns_answers[fate], edit.answers[fate]);
}

void PipelineCounts::table_limit(std::size_t flows) {
    counters_.set(series_.flow_table_limit, flows);
}

void PipelineCounts::table(const FlowTable& table) {
    counters_.set(series_.flow_table_entries, table.size());
    counters_.set(series_.evicted_idle, table.forgotten().idle);
    counters_.set(series_.evicted_full, table.forgotten().yielded);
    counters_.set(series_.expired, table.forgotten().undecided);
}

}  // namespace octroi
