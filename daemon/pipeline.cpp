#include "daemon/pipeline.hpp"

#include <algorithm>

namespace octroi {
namespace {

// Who opened the flow, where the packets do not say it (no SYN, no ClientHello): a side inside a
// zone, else the side with the unprivileged port, else the first sender.
Direction guess_client(const FlowKey& key, Direction first, const Policy& policy) {
    const bool low_inside = policy.zones_of(key.low().address).any();
    const bool high_inside = policy.zones_of(key.high().address).any();
    if (low_inside != high_inside)
        return low_inside ? Direction::low_to_high : Direction::high_to_low;
    constexpr std::uint16_t first_unprivileged_port = 1024;
    const bool low_served = key.low().port < first_unprivileged_port;
    const bool high_served = key.high().port < first_unprivileged_port;
    if (low_served != high_served)
        return low_served ? Direction::high_to_low : Direction::low_to_high;
    return first;
}

// The case in which there is nothing to decide on, if the flow is one.
std::optional<Exception> exception_of(const Inspector& inspector,
                                      const Identification& identification) {
    const Ending ending = inspector.findings().ending;
    if (ending == Ending::ambiguous)
        return Exception::ambiguous;
    if (ending == Ending::no_memory)
        return Exception::table_full;
    const bool blank =
        identification.service == nullptr && inspector.findings().server_name.empty();
    if (ending == Ending::open || !blank)
        return std::nullopt;
    return inspector.midstream() ? Exception::midstream : Exception::unclassified;
}

ZoneSet zones_of(const Address& client, std::uint32_t interface, const Ruleset& ruleset) {
    ZoneSet zones = ruleset.policy->zones_of(client);
    const auto found = ruleset.interface_zones.find(interface);
    return found == ruleset.interface_zones.end() ? zones : zones | found->second;
}

PacketFate to_fate(const Verdict& verdict) {
    if (verdict.kind == Verdict::Kind::discard)
        return PacketFate::drop;
    switch (verdict.mark.state) {
        case MarkState::none:
        case MarkState::pass:
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

ServiceId id_of(const Identification& identification) {
    return identification.service == nullptr ? no_service : identification.service->id;
}

// An exception with nothing to remember the answer by: the packet alone is refused.
Verdict for_this_packet(Action action) {
    return action == Action::accept ? pass() : discard();
}

}  // namespace

Pipeline::Pipeline(const Settings& settings, const PipelineSeries& series, WorkerCounters& counters)
    : settings_(settings),
      series_(series),
      counters_(counters),
      table_(settings.flows),
      workspace_(settings.buffer_limit) {
    counters_.set(series_.flow_table_limit, settings.flows.limit);
}

Pipeline::Step Pipeline::process(Bytes ip_packet, const PacketContext& context,
                                 const Ruleset& ruleset) {
    const auto packet = decode_packet(ip_packet, context);
    if (!packet)
        return refuse_malformed(packet.error(), ip_packet, ruleset);
    Step step = route(*packet, ruleset);
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
    if (old.state == MarkState::accept || old.state == MarkState::drop ||
        old.state == MarkState::reject)
        return decide_again(packet, old, ruleset);
    Flow* flow = table_.track(packet);
    if (flow == nullptr)
        return overflow(packet, ruleset);
    return advance(*flow, packet, ruleset);
}

Pipeline::Step Pipeline::advance(Flow& flow, const Packet& packet, const Ruleset& ruleset) {
    const bool current = flow.verdict && flow.verdict->mark.generation == ruleset.generation;
    if (current && settings_.observe != Observe::to_end)
        return {.verdict = *flow.verdict, .flow = &flow};

    flow.inspector.inspect(packet, flow.packets, workspace_);
    if (flow.inspector.findings().error)
        counters_.add(
            series_.parser_errors[static_cast<std::size_t>(*flow.inspector.findings().error)]);
    if (flow.verdict && current)
        return {.verdict = *flow.verdict, .flow = &flow};

    const bool from_client = flow.inspector.client().value_or(packet.direction) == packet.direction;
    const Judgement judgement =
        judge(flow, from_client ? packet.context.input_interface : 0, ruleset);
    if (!may_leave(judgement))
        return {.verdict = pass(), .flow = &flow};
    const bool again = flow.verdict.has_value();
    flow.verdict = decided(judgement.decision.enforced.action, ruleset.generation,
                           id_of(judgement.identification));
    if (again)
        counters_.add(series_.redecided);
    else
        count_decided(flow, judgement, ruleset);
    return {.verdict = *flow.verdict, .flow = &flow, .record = record_of(flow, judgement, ruleset)};
}

Pipeline::Judgement Pipeline::judge(const Flow& flow, std::uint32_t input_interface,
                                    const Ruleset& ruleset) const {
    const Inspector& inspector = flow.inspector;
    const Direction client = inspector.client()
                                 ? *inspector.client()
                                 : guess_client(flow.key, flow.first, *ruleset.policy);
    Judgement judgement{
        .parties = {.client = flow.key.source(client), .server = flow.key.destination(client)}};
    Parties& parties = judgement.parties;
    parties.zones = zones_of(parties.client.address, input_interface, ruleset);
    judgement.identification = ruleset.catalogue->identify(
        inspector.findings(), parties.client.address, parties.server.address);

    const auto exception = exception_of(inspector, judgement.identification);
    // What was read from an ambiguous or abandoned stream is not known; an address stays known.
    const bool unread = exception == Exception::ambiguous || exception == Exception::table_full;
    const bool by_address = judgement.identification.service != nullptr &&
                            judgement.identification.decisive == EvidenceKind::address;
    const Facts facts{.zones = parties.zones,
                      .client = parties.client.address,
                      .server = parties.server.address,
                      .port = parties.server.port,
                      .transport = transport_of(flow.key.protocol()),
                      .service_known = by_address || (judgement.identification.settled && !unread),
                      .service = id_of(judgement.identification),
                      .service_verified = judgement.identification.verified,
                      .name_known = !inspector.open() && !unread,
                      .name = inspector.findings().server_name};
    judgement.decision = ruleset.policy->decide(facts, exception);
    return judgement;
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
    const Direction client = guess_client(packet.key, packet.direction, *ruleset.policy);
    const Endpoint& from = packet.key.source(client);
    const Endpoint& to = packet.key.destination(client);
    const Facts facts{
        .zones = zones_of(from.address, 0, ruleset),
        .client = from.address,
        .server = to.address,
        .port = to.port,
        .transport = transport_of(packet.key.protocol()),
        .service_known = true,
        .service = ruleset.catalogue->find(old.service) == nullptr ? no_service : old.service,
        .name_known = true};
    const Action action = ruleset.policy->decide(facts).enforced.action;
    counters_.add(series_.redecided);
    return {.verdict = decided(action, ruleset.generation, facts.service)};
}

Pipeline::Step Pipeline::overflow(const Packet& packet, const Ruleset& ruleset) {
    // The rules may still speak: a zone or an address needs no table.
    Flow alone;
    alone.key = packet.key;
    alone.first = packet.direction;
    alone.inspector.inspect(packet, 1, workspace_);
    alone.inspector.end(Ending::no_memory);
    const Judgement judgement = judge(alone, packet.context.input_interface, ruleset);
    const Action action = judgement.decision.enforced.action;
    if (judgement.decision.enforced.rule != nullptr)
        return {.verdict = decided(action, ruleset.generation, id_of(judgement.identification))};
    count_exception(Exception::table_full, action);
    return {.verdict = for_this_packet(action)};
}

Pipeline::Step Pipeline::refuse_malformed(DecodeError error, Bytes ip_packet,
                                          const Ruleset& ruleset) {
    counters_.add(series_.decode_errors[static_cast<std::size_t>(error)]);
    const bool acts = ruleset.policy->defaults().mode == Mode::enforce;
    const Action action =
        acts ? ruleset.policy->exception_action(Exception::malformed) : Action::accept;
    count_exception(Exception::malformed, action);
    const Verdict verdict = for_this_packet(action);
    const bool v4 = !ip_packet.empty() && ip_packet.front() >> 4U == 4;
    count_packet(v4, ip_packet.size(), verdict);
    return {.verdict = verdict, .malformed = true};
}

FlowRecord Pipeline::conclude(Flow& flow, const Ruleset& ruleset) {
    flow.inspector.end(Ending::nothing_more);
    return record_of(flow, judge(flow, 0, ruleset), ruleset);
}

FlowRecord Pipeline::record_of(const Flow& flow, const Judgement& judgement,
                               const Ruleset& ruleset) const {
    const Findings& findings = flow.inspector.findings();
    const Identification& identification = judgement.identification;
    const Decision& decision = judgement.decision;
    FlowRecord record{
        .time = flow.last_seen,
        .source = flow.key.source(flow.first),
        .destination = flow.key.destination(flow.first),
        .protocol = flow.key.protocol(),
        .packets = flow.packets,
        .strength = identification.strength,
        .application = findings.application,
        .server_name = findings.server_name,
        .action = decision.enforced.action,
        .would = decision.would.settled ? decision.would.action : decision.enforced.action,
        .exception = decision.exception,
        .decided_at_packet = flow.packets};
    const auto zone =
        ruleset.policy->label_zone(judgement.parties.client.address, judgement.parties.zones);
    if (zone)
        record.zone = ruleset.policy->zones()[*zone].name;
    if (identification.service != nullptr) {
        record.service = identification.service->name;
        record.category = to_string(identification.service->category);
        if (identification.decisive == EvidenceKind::address)
            record.evidence.push_back({.kind = EvidenceKind::address,
                                       .value = to_string(judgement.parties.server.address),
                                       .packet = 1});
    }
    record.evidence.insert(record.evidence.end(), findings.evidence.begin(),
                           findings.evidence.end());
    if (const Rule* rule = decision.rule()) {
        record.rule = rule->name;
        record.reason = rule->reason;
        record.rule_line = rule->position.line;
    }
    return record;
}

void Pipeline::count_decided(const Flow& flow, const Judgement& judgement, const Ruleset& ruleset) {
    const Decision& decision = judgement.decision;
    const Action action = decision.enforced.action;
    const Action would = decision.would.settled ? decision.would.action : action;
    const auto zone =
        ruleset.policy->label_zone(judgement.parties.client.address, judgement.parties.zones);
    const FlowSeries::Slots& slots =
        ruleset.series.at(id_of(judgement.identification), zone, action, would);
    counters_.add(slots.flows);
    counters_.add(slots.packets, flow.packets);
    if (judgement.identification.service != nullptr)
        counters_.add(
            series_.evidence[static_cast<std::size_t>(judgement.identification.decisive)]
                            [static_cast<std::size_t>(judgement.identification.strength)]);
    if (decision.exception)
        count_exception(*decision.exception, action);
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
