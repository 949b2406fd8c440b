#include "daemon/pipeline.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "daemon/judgement.hpp"

namespace octroi {
namespace {

PacketFate to_fate(const Verdict& verdict) {
    if (verdict.kind == Verdict::Kind::discard)
        return PacketFate::drop;
    switch (verdict.mark.state) {
        case MarkState::none:
        case MarkState::pass:
        case MarkState::watch:
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

std::int64_t seconds(Time time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// A flow that no table keeps, by one packet of it.
Flow alone(const Packet& packet) {
    Flow flow;
    flow.inspector = std::make_unique<Inspector>();
    flow.key = packet.key;
    flow.first = packet.direction;
    flow.packets = 1;
    flow.decided_at = 1;
    flow.first_seen = packet.context.time;
    flow.last_seen = packet.context.time;
    flow.newest = packet.context;
    flow.newest_direction = packet.direction;
    return flow;
}

// Where it is open which SYN the server took, its SYN-ACK must come to user space.
Verdict undecided(const Flow& flow) {
    return flow.inspector->disputed() ? watch() : pass();
}

// Of a packet that no rule can be asked about.
Action action_on(Exception exception, const Ruleset& ruleset) {
    const bool acts = ruleset.policy->defaults().mode == Mode::enforce;
    return acts ? ruleset.policy->exception_action(exception) : Action::accept;
}

// An exception with nothing to remember the answer by: the packet alone is refused.
Verdict for_this_packet(Action action) {
    return action == Action::accept ? pass() : discard();
}

}  // namespace

Pipeline::Pipeline(const Settings& settings, PipelineSeries series, WorkerCounters& counters)
    : settings_(settings),
      series_(std::move(series)),
      counters_(counters),
      table_(settings.flows),
      workspace_(settings.buffer_limit) {
    counters_.set(series_.flow_table_limit, settings.flows.limit);
}

Pipeline::Step Pipeline::process(Bytes ip_packet, const PacketContext& context,
                                 const Ruleset& ruleset) {
    const auto packet = decode_packet(ip_packet, context);
    if (!packet)
        return refuse_malformed(packet.error(), ip_packet, context.time, ruleset);
    Step step;
    try {
        step = route(*packet, ruleset);
        guard_names(step, *packet, ip_packet, ruleset);
    } catch (const std::bad_alloc&) {
        const Action action = action_on(Exception::table_full, ruleset);
        count_exception(Exception::table_full, action);
        step = {.verdict = for_this_packet(action)};
    }
    count_packet(packet->is_v4(), packet->length, step.verdict);
    count_table();
    return step;
}

Pipeline::Step Pipeline::route(const Packet& packet, const Ruleset& ruleset) {
    // An ICMP error carries the conntrack entry of the flow it speaks about: deciding it would mark
    // that flow, and anyone could have sent it.
    if (packet.icmp_error)
        return {.verdict = pass()};
    const Mark old = settings_.mark.decode(packet.context.mark);
    const bool on_refused_ports = is_refusal(old.state) && packet.tcp.syn && !packet.tcp.ack;
    if (is_decision(old.state) && !on_refused_ports)
        return decide_again(packet, old, ruleset);
    std::optional<FlowRecord> superseded;
    if (Flow* earlier = table_.superseded(packet, ruleset.generation, workspace_)) {
        if (settings_.observe == Observe::to_end)
            superseded = conclude(*earlier, ruleset);
        table_.forget(*earlier);
    }
    Flow* flow = table_.track(packet);
    if (flow == nullptr)
        return overflow(packet, ruleset);
    if (on_refused_ports && flow->packets == 1)
        flow->inspector->dispute();
    Step step = advance(*flow, packet, ruleset);
    step.superseded = std::move(superseded);
    return step;
}

Pipeline::Step Pipeline::advance(Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    if (flow.settled() || (flow.verdict && !flow.inspector->open()))
        return follow(flow, packet, ruleset);
    inspect(flow, packet, ruleset);
    const Judgement judgement = judge(flow, ruleset);
    learn_service(flow, judgement);
    if (flow.verdict || !may_leave(judgement))
        return {.verdict = flow.verdict ? verdict_of(flow, ruleset) : undecided(flow),
                .flow = &flow};

    flow.decided_at = flow.packets;
    flow.verdict =
        decided(judgement.decision.enforced.action, ruleset.generation, judgement.service());
    count_decided(flow, judgement, ruleset);
    Step step{.verdict = verdict_of(flow, ruleset), .flow = &flow};
    if (settings_.observe != Observe::to_end) {  // replay tells of a flow at its end
        step.record = record_of(flow, judgement, ruleset);
        flow.settle();
    }
    return step;
}

// A decided flow whose packets were queued before the kernel knew, or that the kernel forgot.
Pipeline::Step Pipeline::follow(Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    learn_names(flow, packet, ruleset);
    Step step;
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access)
    if (const Mark& mark = flow.verdict->mark; mark.generation != ruleset.generation) {
        step = decide_again(packet, mark, ruleset);
        flow.verdict = step.verdict;
    }
    step.verdict = verdict_of(flow, ruleset);
    step.flow = &flow;
    return step;
}

void Pipeline::inspect(Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    const bool was_open = flow.inspector->open();
    // Buffers held by silent flows go to the ones at work.
    for (int i = 0; i < 2 && workspace_.budget.used() > workspace_.budget.limit() / 8 * 7; ++i)
        if (!table_.yield_oldest(flow.last_seen))
            break;
    workspace_.ask_ndpi_always = ruleset.policy->asks_application();
    flow.inspector->inspect(packet, flow.packets, workspace_);
    const Findings& findings = flow.inspector->findings();
    if (findings.error)
        counters_.add(series_.parser_errors[static_cast<std::size_t>(*findings.error)]);
    learn_names(flow, packet, ruleset);
    if (was_open && (!findings.open() || findings.signatures.any()))
        flow.hints = recall(flow, ruleset);
}

// DNS stays in sight after it is accepted: later answers on the same ports are read as well.
Verdict Pipeline::verdict_of(const Flow& flow, const Ruleset& ruleset) const {
    const bool used = settings_.observe != Observe::decided || ruleset.policy->names().any();
    const bool watched = used && flow.speaks_dns();
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access)
    return watched && flow.verdict->mark.state == MarkState::accept ? pass() : *flow.verdict;
}

void Pipeline::guard_names(Step& step, const Packet& packet, Bytes ip_packet,
                           const Ruleset& ruleset) {
    if (step.flow == nullptr || step.verdict != pass() || !ruleset.policy->names().any() ||
        !step.flow->speaks_dns())
        return;
    NameGuard::Edit edit = name_guard_.edit(packet, ip_packet, ruleset);
    for (std::size_t fate = 0; fate < edit.answers.size(); ++fate)
        counters_.add(series_.dns_answers[fate], edit.answers[fate]);
    step.rewritten = edit.packet;
    step.refused_name = std::move(edit.refused);
}

// Either end may be the one that another flow told about: a peer's packet may come first.
Hints Pipeline::recall(const Flow& flow, const Ruleset& ruleset) const {
    const Parties parties = parties_of(flow, ruleset);
    const std::int64_t now = seconds(flow.last_seen);
    Hints hints = settings_.memory->hints(parties.client, parties.server, now);
    if (flow.key.protocol() != Protocol::udp)
        hints.same_endpoint = no_service;
    else if (hints.same_endpoint == no_service)
        hints.same_endpoint =
            settings_.memory->hints(parties.server, parties.client, now).same_endpoint;
    return hints;
}

// A UDP port of a client that showed a service's own framing, or asked its relay by name: what else
// it sends is the same call. An address alone proves no call: anyone's WebRTC may ask a public STUN
// server in a vendor's range.
void Pipeline::learn_service(Flow& flow, const Judgement& judgement) {
    const Identification& found = judgement.identification;
    if (flow.learned || !found.settled || found.service == nullptr)
        return;
    const Findings& findings = flow.inspector->findings();
    flow.learned = !findings.open();
    const bool own = found.decisive == EvidenceKind::stun ||
                     found.decisive == EvidenceKind::media ||
                     (found.decisive == EvidenceKind::address && findings.signatures.any());
    if (flow.key.protocol() == Protocol::udp && own && found.strength >= Strength::observed)
        settings_.memory->remember_endpoint(judgement.parties.client, found.service->id,
                                            seconds(flow.last_seen));
}

// The addresses of a DNS answer belong, for this client, to the service of the name.
void Pipeline::learn_names(const Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    if (!flow.speaks_dns() || packet.source().port != dns::port)
        return;
    for (const Bytes message : dns::messages_in(packet))
        if (const auto answer = dns::parse_answer(message))
            learn_addresses(*answer, packet, ruleset);
}

void Pipeline::learn_addresses(const dns::Answer& answer, const Packet& packet,
                               const Ruleset& ruleset) {
    const auto named = std::ranges::find_if(answer.names, [&](const std::string& name) {
        return ruleset.catalogue->find_domain(name) != nullptr;
    });
    if (named == answer.names.end())
        return;
    const ServiceId service = ruleset.catalogue->find_domain(*named)->id;
    for (const dns::Answer::Record& record : answer.addresses)
        settings_.memory->remember_resolved(packet.destination().address, record.address, service,
                                            record.ttl, seconds(packet.context.time));
}

bool Pipeline::may_leave(const Judgement& judgement) const {
    const Decision& decision = judgement.decision;
    if (!decision.enforced.settled)
        return false;
    if (decision.enforced.action != Action::accept)
        return true;
    if (!decision.would.settled)
        return false;
    return settings_.observe != Observe::full || judgement.identification.settled;
}

Pipeline::Step Pipeline::decide_again(const Packet& packet, const Mark& old,
                                      const Ruleset& ruleset) {
    const Judgement judgement = judge_again(packet, old, ruleset);
    const Action action = judgement.decision.enforced.action;
    counters_.add(series_.redecided[static_cast<std::size_t>(action)]);
    Step step{.verdict = decided(action, ruleset.generation, judgement.service())};
    if (old.state == MarkState::accept && action != Action::accept)
        step.record = record_of(alone(packet), judgement, ruleset);
    return step;
}

Pipeline::Step Pipeline::overflow(const Packet& packet, const Ruleset& ruleset) {
    // The rules may still speak: a zone or an address needs no table.
    Flow flow = alone(packet);
    flow.inspector->inspect(packet, 1, workspace_);
    flow.inspector->end(Ending::no_memory);
    const Judgement judgement = judge(flow, ruleset);
    const Action action = judgement.decision.enforced.action;
    if (judgement.decision.enforced.rule != nullptr)
        return {.verdict = decided(action, ruleset.generation, judgement.service())};
    count_exception(Exception::table_full, action);
    Step step{.verdict = for_this_packet(action)};
    if (const auto untold = table_full_.at(packet.context.time)) {
        flow.decided_at = 0;
        FlowRecord record = record_of(flow, judgement, ruleset);
        record.suppressed = *untold;
        step.unreadable = std::move(record);
    }
    return step;
}

Pipeline::Step Pipeline::refuse_malformed(DecodeError error, Bytes ip_packet, Time time,
                                          const Ruleset& ruleset) {
    counters_.add(series_.decode_errors[static_cast<std::size_t>(error)]);
    const Action action = action_on(Exception::malformed, ruleset);
    count_exception(Exception::malformed, action);
    const Verdict verdict = for_this_packet(action);
    const bool v4 = !ip_packet.empty() && ip_packet.front() >> 4U == 4;
    count_packet(v4, ip_packet.size(), verdict);
    Step step{.verdict = verdict, .malformed = true};
    if (const auto untold = malformed_.at(time))
        step.unreadable =
            MalformedPacket{.time = time,
                            .action = action,
                            .error = name_of(error),
                            .policy_revision = std::string(ruleset.policy->revision()),
                            .suppressed = *untold};
    return step;
}

FlowRecord Pipeline::conclude(Flow& flow, const Ruleset& ruleset) {
    if (flow.inspector->open())
        flow.hints = recall(flow, ruleset);
    flow.inspector->end(Ending::nothing_more);
    return record_of(flow, judge(flow, ruleset), ruleset);
}

void Pipeline::count_decided(const Flow& flow, const Judgement& judgement, const Ruleset& ruleset) {
    const Decision& decision = judgement.decision;
    const Action action = decision.enforced.action;
    const FlowSeries::Slots& slots = ruleset.series.at(
        judgement.service(), judgement.label_zone(*ruleset.policy), action, judgement.would());
    counters_.add(slots.flows);
    counters_.add(slots.packets, flow.packets);
    if (action == Action::accept)
        ruleset.clients.add(judgement.service(), judgement.label_zone(*ruleset.policy),
                            judgement.parties.client.address);
    if (judgement.identification.service != nullptr)
        counters_.add(
            series_.evidence[static_cast<std::size_t>(judgement.identification.decisive)]
                            [static_cast<std::size_t>(judgement.identification.strength)]);
    ruleset.rule_series.count(counters_, *ruleset.policy, decision,
                              static_cast<std::uint64_t>(seconds(flow.last_seen)));
    if (decision.exception)
        count_exception(*decision.exception, action);
    count_effort(flow, judgement);
}

// What it took to decide the flow, and why nothing was learned where that is so.
void Pipeline::count_effort(const Flow& flow, const Judgement& judgement) {
    using std::chrono::nanoseconds;
    const nanoseconds delay =
        std::max(nanoseconds(flow.last_seen - flow.first_seen), nanoseconds(0));
    series_.decision_packets.observe(counters_, flow.packets);
    series_.decision_delay.observe(counters_, static_cast<std::uint64_t>(delay.count()));
    if (judgement.decision.exception == Exception::unclassified)
        counters_.add(flow.inspector->findings().ending == Ending::quota ? series_.quota
                                                                         : series_.no_name);
}

void Pipeline::count_exception(Exception exception, Action action) {
    counters_.add(
        series_.exceptions[static_cast<std::size_t>(exception)][static_cast<std::size_t>(action)]);
}

void Pipeline::count_packet(bool v4, std::size_t length, const Verdict& verdict) {
    const std::size_t family = v4 ? 0 : 1;
    const auto fate = static_cast<std::size_t>(to_fate(verdict));
    counters_.add(series_.packets[family][fate]);
    counters_.add(series_.packet_bytes[family][fate], length);
}

void Pipeline::count_table() {
    counters_.set(series_.flow_table_entries, table_.size());
    counters_.set(series_.evicted_idle, table_.forgotten().idle);
    counters_.set(series_.evicted_full, table_.forgotten().yielded);
    counters_.set(series_.expired, table_.forgotten().undecided);
}

}  // namespace octroi
