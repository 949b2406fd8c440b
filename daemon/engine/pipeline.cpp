#include "daemon/engine/pipeline.hpp"

#include <chrono>
#include <new>
#include <utility>

#include <absl/hash/hash.h>

#include "classifiers/dns/dns_message.hpp"
#include "daemon/engine/flow_hints.hpp"

namespace octroi {
namespace {

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

// Where the server's acknowledgement says what counts, its empty segments must come to user space;
// and all of a QUIC client's ClientHello, whatever the kernel knows of the ports.
Verdict undecided(const Flow& flow) {
    if (flow.may_be_earlier())
        return watch_over(flow.earlier);
    return flow.inspector->wants_acknowledgements() ? watch() : pass();
}

bool is_tcp(const Packet& packet) {
    return packet.key.protocol() == Protocol::tcp;
}

bool opens_connection(const Packet& packet) {
    return packet.tcp.syn && !packet.tcp.ack;
}

// On an established connection its server answers a SYN with what it has already (RFC 5961 4), and
// takes nothing of it. Who sent it need not be the client.
bool is_nobodys_syn(const Flow& flow, const Packet& packet) {
    return flow.opened && !flow.verdict && packet.direction == flow.first &&
           packet.tcp.sequence != flow.first_sequence;
}

// How long a server may still answer a SYN: Linux repeats its SYN-ACK for 63 s (RFC 6298 2).
constexpr std::chrono::seconds longest_handshake{64};

// Of a packet that no rule can be asked about.
Action action_on(Exception exception, const Ruleset& ruleset) {
    const bool acts = ruleset.policy->defaults().mode == Mode::enforce;
    return acts ? ruleset.policy->exception_action(exception) : Action::accept;
}

bool refuses_the_rest(const Ruleset& ruleset) {
    const Policy::Defaults& defaults = ruleset.policy->defaults();
    return defaults.mode == Mode::enforce && defaults.action != Action::accept;
}

bool is_too_long(const Packet& error) {
    return error.length > (error.is_v4() ? longest_icmp_error : longest_icmpv6_error);
}

// Who began a flow came in by one interface and left by another. What comes in the other side's
// name by the first, and goes back there, was made on the side of who began: it tells nothing.
bool is_forged(const Flow& flow, const Packet& packet) {
    return flow.inside != 0 && packet.direction != flow.first && turns_back(packet) &&
           packet.context.input_interface == flow.inside;
}

// What came before turned back on one side: here the flow crosses.
bool begins_here(const Flow& flow, const Packet& packet) {
    return !flow.verdict && flow.turned_back && !turns_back(packet);
}

bool tells_nothing(const Flow& flow, const Packet& packet, const Mark& old) {
    return (!flow.verdict && is_forged(flow, packet)) ||
           (old.state == MarkState::established && is_nobodys_syn(flow, packet));
}

bool is_no_dns(const Flow& flow, const Packet& packet) {
    return packet.key.protocol() == Protocol::udp && flow.speaks_dns() && !packet.payload.empty() &&
           !dns::is_whole(packet.payload);
}

// An exception with nothing to remember the answer by: the packet alone is refused.
Verdict for_this_packet(Action action) {
    return action == Action::accept ? pass() : discard();
}

}  // namespace

const FlowRecord* Pipeline::Step::record() const {
    for (const Event& event : events)
        if (const auto* record = std::get_if<FlowRecord>(&event))
            return record;
    return nullptr;
}

Pipeline::Pipeline(const Settings& settings, PipelineSeries series, WorkerCounters& counters)
    : settings_(settings),
      counts_(std::move(series), counters),
      table_(settings.flows),
      workspace_(settings.buffer_limit),
      began_(settings.began) {
    counts_.table_limit(settings.flows.limit);
}

Pipeline::Step Pipeline::process(Bytes ip_packet, const PacketContext& context,
                                 const Ruleset& ruleset) {
    if (!began_)
        began_ = context.time;
    workspace_.sees_all = context.time - *began_ > settings_.flows.idle_timeout;
    const auto packet = decode_packet(ip_packet, context);
    if (!packet)
        return refuse_malformed(packet.error(), ip_packet, context.time, ruleset);
    Step step;
    try {
        step = route(*packet, ruleset);
        guard_names(step, *packet, ip_packet, ruleset);
    } catch (const std::bad_alloc&) {
        const Action action = action_on(Exception::table_full, ruleset);
        counts_.exception(Exception::table_full, action);
        step = {.verdict = for_this_packet(action)};
    }
    counts_.packet(packet->is_v4(), packet->length, step.verdict);
    counts_.table(table_);
    return step;
}

Pipeline::Step Pipeline::route(const Packet& packet, const Ruleset& ruleset) {
    // An ICMP error carries the conntrack entry of the flow it speaks about: deciding it would mark
    // that flow, and anyone could have sent it.
    if (packet.icmp_error)
        return {.verdict = is_too_long(packet) && refuses_the_rest(ruleset) ? discard() : pass()};
    const Mark old = settings_.mark.decode(packet.context.mark);
    if (old.state == MarkState::invalid) {
        const Step step = not_believed(packet, ruleset);
        counts_.invalid(step.verdict);
        return step;
    }
    const Flow* known = table_.find(packet);
    if (known != nullptr && tells_nothing(*known, packet, old))
        return {.verdict = undecided(*known), .flow = known};
    if (known != nullptr && begins_here(*known, packet))
        table_.forget(*known);
    const bool opens = opens_connection(packet);
    if (is_decision(old.state) && !opens && !may_begin(packet))
        return old.generation == ruleset.generation ? Step{.verdict = {.mark = old}}
                                                    : decide_again(packet, old, ruleset);
    quic::Identity before;
    if (Flow* earlier = table_.superseded(packet, ruleset.generation, workspace_)) {
        if (settings_.observe == Observe::to_end)
            superseded_ = conclude(*earlier, ruleset);
        before = earlier->connection();
        table_.forget(*earlier);
    }
    Flow* flow = table_.track(packet);
    if (flow == nullptr)
        return overflow(packet, ruleset);
    if (flow->packets == 1) {
        note_before(*flow, packet, old);
        flow->graced = is_graced(packet.context.time, ruleset);
        if (!before.id.empty())
            flow->inspector->resume(before);
    }
    return advance_any(*flow, packet, ruleset);
}

Pipeline::Step Pipeline::advance_any(Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    if (!flow.may_be_earlier())
        return advance(flow, packet, ruleset);
    return is_tcp(packet) ? advance_over(flow, packet, ruleset)
                          : advance_beside(flow, packet, ruleset);
}

bool Pipeline::is_graced(Time now, const Ruleset& ruleset) const {
    return now - began_.value_or(now) < ruleset.policy->defaults().midstream_grace;
}

// What the kernel still has of the ports of a new flow.
void Pipeline::note_before(Flow& flow, const Packet& packet, const Mark& old) const {
    const bool accepted = old.state == MarkState::accept;
    if (!is_tcp(packet)) {
        // Of DNS each datagram tells all: there is nothing earlier to go on.
        const bool goes_on = old.state == MarkState::watch && old.service != no_service;
        if ((accepted && quic::LongPackets(packet.payload).next()) || goes_on)
            flow.earlier = {
                .state = MarkState::accept, .generation = old.generation, .service = old.service};
        return;
    }
    if (opens_connection(packet)) {
        if (is_refusal(old.state))
            flow.inspector->reuse_ports();
        else if (accepted)
            flow.earlier = old;
        return;
    }
    // Under `watch` something was read: where the server's side never comes by, such a flow stays
    // undecided for good, and may be silent as long as it likes.
    if (old.state == MarkState::pass && !packet.tcp.syn && workspace_.sees_all)
        flow.inspector->forgotten();
}

// A SYN came on the ports of an accepted connection. Anyone inside could have sent it: until the
// server answers it with a SYN-ACK the earlier connection goes on as it was accepted. Where the
// server is known to know no other one, that is for good.
Pipeline::Step Pipeline::advance_over(Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    if (packet.tcp.syn) {
        Step step = advance(flow, packet, ruleset);
        // Data of a SYN that nobody answered refuses that SYN, and not the earlier connection.
        if (!packet.tcp.ack && flow.verdict && is_refusal(flow.verdict->mark.state))
            step.verdict = discard();
        if (flow.settled() || !flow.inspector->confirmed())
            return step;
        flow.earlier = Mark();
        if (!flow.verdict)
            step.verdict =
                watch();  // in place of what the connection's mark kept of the earlier one
        return step;
    }
    if (flow.verdict)
        return follow(flow, packet, ruleset);
    if (packet.context.time - flow.first_seen < longest_handshake)
        return {.verdict = undecided(flow), .flow = &flow};
    const Mark earlier = flow.earlier;
    table_.forget(flow);
    return decide_again(packet, earlier, ruleset);
}

// An Initial came on the ports of an accepted conversation. Anyone inside could have sent it: what
// it asks for is refused by itself, and the conversation goes on.
Pipeline::Step Pipeline::advance_beside(Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    Step as_before{.verdict = watch_over(flow.earlier), .flow = &flow};
    if (packet.context.time - flow.first_seen >= longest_handshake) {
        const Mark earlier = flow.earlier;
        table_.forget(flow);
        return decide_again(packet, earlier, ruleset);
    }
    if (const bool refused = flow.decided_at != 0; refused) {
        const auto beside = flow.inspector->beside(packet, workspace_);
        if (beside == quic::Hello::Beside::none)
            return as_before;
        if (beside == quic::Hello::Beside::same)
            return {.verdict = discard(), .flow = &flow};
        flow.inspector->begin_anew();
        flow.first_seen = packet.context.time;
        flow.decided_at = 0;
    }
    Step step = advance(flow, packet, ruleset);
    if (flow.verdict)
        flow.earlier = Mark();
    return step;
}

// Conntrack calls the packet INVALID: its checksum is wrong, or it lies outside the window of its
// connection, or its flags make no sense. Its receiver drops it, most likely: it tells nothing, and
// brings nothing through either while its flow is not decided.
//
// But for two: a datagram of length 0 over IPv6, which Linux takes as a jumbogram, and a SYN where
// the server is known as who opened the connection. Neither is anything that a client needs.
Pipeline::Step Pipeline::not_believed(const Packet& packet, const Ruleset& ruleset) {
    const Flow* flow = table_.find(packet);
    if (!is_tcp(packet) || opens_connection(packet)) {
        const bool acts = ruleset.policy->defaults().mode == Mode::enforce;
        return {.verdict = acts ? discard() : pass(), .flow = flow};
    }
    if (packet.payload.empty())
        return {.verdict = pass(), .flow = flow};
    if (flow != nullptr && !flow->verdict)
        return {.verdict = discard(), .flow = flow};
    if (flow != nullptr) {
        const Verdict verdict = flow->verdict.value_or(pass());
        return {.verdict = is_refusal(verdict.mark.state) ? verdict : pass(), .flow = flow};
    }
    Flow unknown = alone(packet);
    unknown.inspector->end(Ending::nothing_more);
    const Decision decision = evaluate(unknown, ruleset).decision;
    if (decision.enforced.rule != nullptr)
        return {.verdict = for_this_packet(decision.enforced.action)};
    return {.verdict = is_graced(packet.context.time, ruleset)
                           ? pass()
                           : for_this_packet(action_on(Exception::midstream, ruleset))};
}

// Whether a packet on decided ports may be of a QUIC connection that the decision does not know.
bool Pipeline::may_begin(const Packet& packet) {
    return packet.key.protocol() == Protocol::udp &&
           (table_.knows(packet.key) ||
            quic::Hello::begins_another(quic::peers_of(packet), packet.payload, {},
                                        workspace_.quic));
}

Pipeline::Step Pipeline::advance(Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    const bool told = flow.settled() ||
                      (flow.verdict && !flow.inspector->open() &&
                       (is_refusal(flow.verdict->mark.state) || !flow.inspector->awaits_answer()));
    if (told)
        return follow(flow, packet, ruleset);
    inspect(flow, packet, ruleset);
    const Evaluation evaluation = evaluate(flow, ruleset);
    remember_service(*settings_.memory, flow, evaluation, ruleset);
    remember_peer(*settings_.memory, flow, packet, ruleset);
    if (flow.verdict || !may_leave(flow, evaluation, ruleset))
        return {.verdict = flow.verdict ? verdict_of(flow, ruleset) : undecided(flow),
                .flow = &flow};

    flow.decided_at = flow.packets;
    counts_.decided(flow, evaluation, ruleset);
    const Verdict verdict =
        decided(evaluation.decision.enforced.action, ruleset.generation, evaluation.service());
    Step step{.flow = &flow};
    const bool told_at_end = settings_.observe == Observe::to_end;  // replay
    if (!told_at_end)
        step.events.emplace_back(record_of(flow, evaluation, ruleset));
    if (is_refusal(verdict.mark.state) && flow.may_be_earlier() && !is_tcp(packet)) {
        step.verdict = discard();
        return step;
    }
    flow.verdict = verdict;
    step.verdict = verdict_of(flow, ruleset);
    if (!told_at_end)
        flow.settle();
    return step;
}

// A decided flow whose packets were queued before the kernel knew, or that the kernel forgot.
Pipeline::Step Pipeline::follow(Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    remember_names(*settings_.memory, questions_, flow, packet, ruleset);
    remember_peer(*settings_.memory, flow, packet, ruleset);
    if (is_no_dns(flow, packet))
        return evaluate_alone(packet, ruleset);
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

// What comes on the ports of a lookup and is none is judged by itself: a lookup was accepted.
Pipeline::Step Pipeline::evaluate_alone(const Packet& packet, const Ruleset& ruleset) {
    Flow other = alone(packet);
    other.inspector->end(Ending::nothing_more);
    return {.verdict = for_this_packet(evaluate(other, ruleset).decision.enforced.action)};
}

void Pipeline::inspect(Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    const bool was_open = flow.inspector->open();
    // Buffers held by silent flows go to the ones at work.
    for (int i = 0; i < 2 && workspace_.budget.used() > workspace_.budget.limit() / 8 * 7; ++i)
        if (!table_.yield_oldest(flow.last_seen))
            break;
    workspace_.undecided_octets = ruleset.policy->defaults().undecided_octets;
    workspace_.ask_ndpi_always = ruleset.policy->asks_application();
    workspace_.keep_read = ruleset.policy->believes_acknowledged(Protocol::tcp);
    const Direction client = flow.inspector->client().value_or(flow.first);
    workspace_.budget.charge(absl::HashOf(flow.key.source(client).address));
    flow.inspector->inspect(packet, flow.packets, workspace_);
    const Findings& findings = flow.inspector->findings();
    if (findings.error)
        counts_.error(*findings.error);
    remember_names(*settings_.memory, questions_, flow, packet, ruleset);
    if (was_open && (!findings.open() || findings.signatures.any()))
        flow.hints = recall(*settings_.memory, flow, ruleset);
}

// DNS stays in sight after it is accepted: later answers on the same ports are read as well. So
// does a flow to a service's relay, until the client has asked for its peers.
Verdict Pipeline::verdict_of(const Flow& flow, const Ruleset& ruleset) const {
    const bool used = settings_.observe != Observe::decided || ruleset.policy->names().any() ||
                      refuses_the_rest(ruleset);
    constexpr std::uint32_t relay_packets = 32;
    const bool watched = (used && flow.speaks_dns()) ||
                         (settings_.observe != Observe::decided && flow.relay_of != no_service &&
                          flow.packets < relay_packets);
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access)
    return watched && flow.verdict->mark.state == MarkState::accept ? pass() : *flow.verdict;
}

void Pipeline::guard_names(Step& step, const Packet& packet, Bytes ip_packet,
                           const Ruleset& ruleset) {
    if (step.flow == nullptr || step.verdict != pass() || !ruleset.policy->names().any() ||
        !step.flow->speaks_dns())
        return;
    DnsAnswerFilter::Edit edit = dns_answer_filter_.edit(packet, ip_packet, ruleset);
    counts_.dns_answers(edit);
    step.rewritten = edit.packet;
    if (edit.refused)
        step.events.emplace_back(std::move(*edit.refused));
}

// What the client says refuses at once, and permits when its server has taken it.
bool Pipeline::may_leave(const Flow& flow, const Evaluation& evaluation,
                         const Ruleset& ruleset) const {
    const Decision& decision = evaluation.decision;
    if (!decision.enforced.settled)
        return false;
    if (decision.enforced.action != Action::accept)
        return true;
    if (awaits_proof(flow, evaluation, ruleset))
        return false;
    if (!decision.would.settled)
        return false;
    return settings_.observe != Observe::full || evaluation.identification.settled;
}

Pipeline::Step Pipeline::decide_again(const Packet& packet, const Mark& old,
                                      const Ruleset& ruleset) {
    const Evaluation evaluation = evaluate_again(packet, old, ruleset);
    const Action action = evaluation.decision.enforced.action;
    counts_.redecided(action);
    Step step{.verdict = decided(action, ruleset.generation, evaluation.service())};
    if (old.state == MarkState::accept && action != Action::accept)
        step.events.emplace_back(record_of(alone(packet), evaluation, ruleset));
    return step;
}

Pipeline::Step Pipeline::overflow(const Packet& packet, const Ruleset& ruleset) {
    // The rules may still speak: a zone or an address needs no table.
    Flow flow = alone(packet);
    flow.inspector->inspect(packet, 1, workspace_);
    flow.inspector->end(Ending::no_memory);
    const Evaluation evaluation = evaluate(flow, ruleset);
    const Action action = evaluation.decision.enforced.action;
    if (evaluation.decision.enforced.rule != nullptr)
        return {.verdict = decided(action, ruleset.generation, evaluation.service())};
    counts_.exception(Exception::table_full, action);
    Step step{.verdict = for_this_packet(action)};
    if (const auto untold = table_full_.at(packet.context.time)) {
        flow.decided_at = 0;
        FlowRecord record = record_of(flow, evaluation, ruleset);
        record.suppressed = *untold;
        step.events.emplace_back(std::move(record));
    }
    return step;
}

Pipeline::Step Pipeline::refuse_malformed(DecodeError error, Bytes ip_packet, Time time,
                                          const Ruleset& ruleset) {
    counts_.error(error);
    const Action action = action_on(Exception::malformed, ruleset);
    counts_.exception(Exception::malformed, action);
    const Verdict verdict = for_this_packet(action);
    const bool v4 = !ip_packet.empty() && ip_packet.front() >> 4U == 4;
    counts_.packet(v4, ip_packet.size(), verdict);
    Step step{.verdict = verdict, .malformed = true};
    if (const auto untold = malformed_.at(time))
        step.events.emplace_back(
            MalformedPacket{.time = time,
                            .action = action,
                            .error = name_of(error),
                            .policy_revision = std::string(ruleset.policy->revision()),
                            .suppressed = *untold});
    return step;
}

FlowRecord Pipeline::conclude(Flow& flow, const Ruleset& ruleset) {
    if (flow.inspector->open())
        flow.hints = recall(*settings_.memory, flow, ruleset);
    flow.inspector->end(Ending::nothing_more);
    return record_of(flow, evaluate(flow, ruleset), ruleset);
}

}  // namespace octroi
