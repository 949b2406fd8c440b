#include "daemon/engine/evaluation.hpp"

#include <algorithm>

namespace octroi {
namespace {

// A zone as wide as a continent's addresses is no place where clients are.
constexpr unsigned narrowest_continent = 8;

bool by_address(const Identification& identification) {
    return identification.service != nullptr && identification.decisive == EvidenceKind::address;
}

// The case in which there is nothing to decide on, if the flow is one.
std::optional<Exception> exception_of(const Inspector& inspector,
                                      const Identification& identification) {
    const Ending ending = inspector.findings().ending;
    if (ending == Ending::ambiguous)
        return Exception::ambiguous;
    if (ending == Ending::no_memory)
        return Exception::table_full;
    if (ending == Ending::unreadable)
        return Exception::unreadable;
    const bool blank =
        identification.service == nullptr && inspector.findings().server_name.empty();
    if (ending == Ending::open || !blank)
        return std::nullopt;
    return inspector.midstream() ? Exception::midstream : Exception::unclassified;
}

ZoneSet zones_of(const Address& client, std::uint32_t interface, const Ruleset& ruleset) {
    const ZoneSet zones = ruleset.policy->zones_of(client);
    const auto found = ruleset.interface_zones.find(interface);
    return found == ruleset.interface_zones.end() ? zones : zones | found->second;
}

// The interface on the client's side of a packet that goes `direction`.
std::uint32_t client_interface(const PacketContext& context, Direction direction,
                               Direction client) {
    return direction == client ? context.input_interface : context.output_interface;
}

Parties parties_between(const FlowKey& key, Direction client, std::uint32_t interface,
                        const Ruleset& ruleset) {
    const Endpoint& from = key.source(client);
    return {.client = from,
            .server = key.destination(client),
            .zones = zones_of(from.address, interface, ruleset)};
}

Action to_action(MarkState state) {
    switch (state) {
        case MarkState::drop:
            return Action::drop;
        case MarkState::reject:
            return Action::reject;
        case MarkState::none:
        case MarkState::pass:
        case MarkState::watch:
        case MarkState::invalid:
        case MarkState::established:
        case MarkState::accept:
            return Action::accept;
    }
    return Action::accept;
}

// An encrypted ClientHello is told from GREASE (RFC 9849 6.2) by its outer name alone.
bool uses_ech(const Findings& findings, const Ruleset& ruleset) {
    if (!findings.encrypted_client_hello)
        return false;
    const Service* outer = ruleset.catalogue->find_domain(findings.server_name);
    return outer != nullptr && outer->ech_outer;
}

std::string_view ech_of(const Findings& findings, const Ruleset& ruleset) {
    if (!findings.encrypted_client_hello)
        return "";
    return uses_ech(findings, ruleset) ? "used" : "offered";
}

std::string_view protocol_of(const Findings& findings) {
    return findings.application == Application::unknown ? findings.ndpi_protocol
                                                        : to_string(findings.application);
}

// nDPI's word, but for a call by WebRTC that nobody knows whose it is.
std::string_view application_of(const Findings& findings, const Service* service) {
    return findings.webrtc && service == nullptr ? webrtc_call
                                                 : std::string_view(findings.ndpi_application);
}

// The clock may be set back meanwhile.
std::chrono::microseconds delay_of(const Flow& flow) {
    using std::chrono::microseconds;
    return std::max(std::chrono::duration_cast<microseconds>(flow.last_seen - flow.first_seen),
                    microseconds(0));
}

bool asks_for_event(const Outcome& outcome) {
    return outcome.action == Action::accept && outcome.rule != nullptr && outcome.rule->log;
}

// Facts that any packet of the flow tells.
Facts plain_facts(const Parties& parties, Protocol protocol, const Policy& policy) {
    return {.zones = parties.zones,
            .client = parties.client.address,
            .server = parties.server.address,
            .server_inside = policy.inside(parties.server.address),
            .port = parties.server.port,
            .transport = transport_of(protocol)};
}

// What the flow looks like, whatever service it belongs to. Over UDP the protocol is known by its
// first datagram; a TCP stream may turn out to be another protocol until inspection ends.
void add_shape(Facts& facts, const Flow& flow, const Service* service,
               std::optional<Exception> exception, const Ruleset& ruleset) {
    const Findings& findings = flow.inspector->findings();
    const bool ended = !findings.open();
    facts.ech = uses_ech(findings, ruleset);
    facts.protocol_known = ended || (flow.key.protocol() == Protocol::udp &&
                                     findings.application != Application::unknown);
    facts.protocol = protocol_of(findings);
    facts.application_known = ended;
    facts.application = application_of(findings, service);
    facts.classified_known = ended || (facts.service_known && facts.service != no_service);
    facts.unclassified = exception == Exception::unclassified || exception == Exception::midstream;
}

// Of a flow that the gateway itself opens its server's side is never seen (docs/kernel.md,
// "Hooks").
bool shows_both_sides(const PacketContext& newest) {
    return newest.input_interface != 0 || newest.output_interface == 0;
}

bool is_permitted(const Outcome& outcome) {
    return outcome.settled && outcome.rule != nullptr && outcome.action == Action::accept;
}

// Whether the outcome with such a word stands, beside the one without it: a guess permits and
// refuses nothing, hearsay does not save what is refused without it.
bool stands(const Outcome& with, const Outcome& without, bool guess) {
    if (guess)
        return is_permitted(with);
    const bool refused = without.settled && without.action != Action::accept;
    return !is_permitted(with) || !refused;
}

// What the client may have chosen itself, as the answer of any resolver: it counts, and opens
// nothing.
bool is_hearsay(const Identification& found, const Findings& findings, const Policy& policy) {
    if (found.decisive == EvidenceKind::stun && found.strength == Strength::observed)
        return findings.realm_by_client && findings.signatures.none();
    return found.strength == Strength::correlated && policy.resolvers().list.empty() &&
           (found.decisive == EvidenceKind::dns || found.decisive == EvidenceKind::ndpi);
}

// Where no rule speaks.
void let_pass(Decision& decision) {
    for (Outcome* outcome : {&decision.enforced, &decision.would})
        if (outcome->settled && outcome->rule == nullptr)
            outcome->action = Action::accept;
}

// The decision on a flow that is believed to be this.
Evaluation evaluate_as(const Identification& identification, const Flow& flow,
                       const Parties& parties, const Ruleset& ruleset) {
    const Inspector& inspector = *flow.inspector;
    Evaluation evaluation{.parties = parties, .identification = identification};
    const auto exception = exception_of(inspector, identification);
    // What was read from an ambiguous or abandoned stream is not known; an address stays known.
    const bool unread = !was_read(exception);
    // A name that another reading of the same octets might not give refuses, and does not permit.
    const bool read_once =
        exception == Exception::unreadable && !inspector.findings().server_name.empty();
    Facts facts = plain_facts(parties, flow.key.protocol(), *ruleset.policy);
    facts.service_known = by_address(identification) || (identification.settled && !unread);
    facts.service = identification.service == nullptr ? no_service : identification.service->id;
    facts.strength = identification.strength;
    facts.service_verified = identification.verified;
    facts.name_known = !inspector.open() && !unread;
    facts.name = inspector.findings().server_name;
    add_shape(facts, flow, identification.service, exception, ruleset);
    evaluation.decision = ruleset.policy->decide(facts, exception);
    if (read_once) {
        facts.service_known = true;
        facts.name_known = true;
        if (const Decision by_name = ruleset.policy->decide(facts, exception); refuses(by_name))
            evaluation.decision = by_name;
    }
    if (flow.graced && exception == Exception::midstream)
        let_pass(evaluation.decision);
    return evaluation;
}

}  // namespace

ServiceId Evaluation::service() const {
    return identification.service == nullptr ? no_service : identification.service->id;
}

std::optional<std::size_t> Evaluation::label_zone(const Policy& policy) const {
    return policy.label_zone(parties.client.address, parties.zones);
}

Action Evaluation::would() const {
    return decision.would.settled ? decision.would.action : decision.enforced.action;
}

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

Parties parties_of(const Flow& flow, const Ruleset& ruleset) {
    const auto seen = flow.inspector->client();
    const Direction client = seen ? *seen : guess_client(flow.key, flow.first, *ruleset.policy);
    return parties_between(flow.key, client,
                           client_interface(flow.newest, flow.newest_direction, client), ruleset);
}

bool awaits_proof(const Flow& flow, const Evaluation& evaluation, const Ruleset& ruleset) {
    const Findings& findings = flow.inspector->findings();
    const Policy& policy = *ruleset.policy;
    const bool believed =
        !policy.believes_acknowledged(flow.key.protocol()) || !shows_both_sides(flow.newest);
    if (!flow.inspector->awaits_answer() || (believed && !findings.doubtful) ||
        !policy.refuses_by_name(evaluation.parties.zones))
        return false;
    Facts facts = plain_facts(evaluation.parties, flow.key.protocol(), *ruleset.policy);
    facts.service_known = by_address(evaluation.identification);
    facts.service = evaluation.service();
    facts.strength = evaluation.identification.strength;
    facts.service_verified = evaluation.identification.verified;
    return !policy.decide(facts).enforced.settled;
}

Evaluation evaluate(const Flow& flow, const Ruleset& ruleset) {
    const Parties parties = parties_of(flow, ruleset);
    const FlowEnds ends{.client = parties.client.address,
                        .server = parties.server,
                        .protocol = flow.key.protocol(),
                        .hints = flow.hints,
                        .nat64 = ruleset.policy->nat64()};
    const Identification found = ruleset.catalogue->identify(flow.inspector->findings(), ends);
    const Evaluation with = evaluate_as(found, flow, parties, ruleset);
    const bool guess = found.strength == Strength::guessed;
    if (!guess && !is_hearsay(found, flow.inspector->findings(), *ruleset.policy))
        return with;
    const Evaluation without = evaluate_as({.settled = found.settled}, flow, parties, ruleset);
    const bool enforced = stands(with.decision.enforced, without.decision.enforced, guess);
    const bool would = stands(with.decision.would, without.decision.would, guess);
    Evaluation chosen = enforced || (guess && would) ? with : without;
    chosen.decision.enforced = (enforced ? with : without).decision.enforced;
    chosen.decision.would = (would ? with : without).decision.would;
    return chosen;
}

Evaluation evaluate_again(const Packet& packet, const Mark& old, const Ruleset& ruleset) {
    const Direction client = guess_client(packet.key, packet.direction, *ruleset.policy);
    const std::uint32_t interface = client_interface(packet.context, packet.direction, client);
    Evaluation evaluation{.parties = parties_between(packet.key, client, interface, ruleset)};
    evaluation.identification = {.service = ruleset.catalogue->find(old.service),
                                 .strength = Strength::correlated,
                                 .settled = true,
                                 .verified = true};
    Facts facts = plain_facts(evaluation.parties, packet.key.protocol(), *ruleset.policy);
    facts.service_known = true;
    facts.service = evaluation.service();
    facts.strength = evaluation.identification.strength;
    facts.classified_known = facts.service != no_service;
    evaluation.decision = ruleset.policy->decide(facts);
    Outcome& enforced = evaluation.decision.enforced;
    const bool refused = old.state != MarkState::accept && old.service == no_service;
    if (!enforced.settled || (refused && enforced.rule == nullptr))
        enforced = {.settled = true, .action = to_action(old.state)};
    return evaluation;
}

Evaluation evaluate_name(std::string_view name, const Packet& answer, const Ruleset& ruleset) {
    Evaluation evaluation{.parties = parties_between(answer.key, opposite(answer.direction),
                                                     answer.context.output_interface, ruleset)};
    evaluation.identification = {.service = ruleset.catalogue->find_domain(name),
                                 .strength = Strength::observed,
                                 .decisive = EvidenceKind::dns,
                                 .settled = true,
                                 .verified = true};
    Facts facts{.zones = evaluation.parties.zones,
                .client = evaluation.parties.client.address,
                .server_known = false};
    facts.service_known = true;
    facts.service = evaluation.service();
    facts.strength = evaluation.identification.strength;
    facts.name_known = true;
    facts.name = name;
    facts.classified_known = true;
    evaluation.decision = ruleset.policy->decide(facts);
    return evaluation;
}

bool is_inside(const Address& server, const Policy& policy) {
    if (policy.zones_of(server).none())
        return false;
    return std::ranges::any_of(policy.zones(), [&](const Zone& zone) {
        return std::ranges::any_of(zone.networks, [&](const Network& network) {
            return network.prefix_length() >= narrowest_continent && network.contains(server);
        });
    });
}

bool refuses(const Decision& decision) {
    return decision.enforced.settled && decision.enforced.rule != nullptr &&
           decision.enforced.action != Action::accept;
}

void describe(FlowRecord& record, const Evaluation& evaluation, const Ruleset& ruleset) {
    const Decision& decision = evaluation.decision;
    record.action = decision.enforced.action;
    record.would = evaluation.would();
    record.policy_revision = ruleset.policy->revision();
    record.server_inside = is_inside(evaluation.parties.server.address, *ruleset.policy);
    if (const auto zone = evaluation.label_zone(*ruleset.policy))
        record.zone = ruleset.policy->zones()[*zone].name;
    if (const Service* service = evaluation.identification.service) {
        record.service = service->name;
        record.category = to_string(service->category);
    }
    if (const Rule* rule = decision.rule()) {
        record.rule = rule->name;
        record.reason = rule->reason;
        record.rule_file = rule->file;
        record.rule_line = rule->position.line;
    }
    record.log = asks_for_event(decision.enforced) || asks_for_event(decision.would);
}

FlowRecord record_of(const Flow& flow, const Evaluation& evaluation, const Ruleset& ruleset) {
    const Findings& findings = flow.inspector->findings();
    const Identification& identification = evaluation.identification;
    const Decision& decision = evaluation.decision;
    FlowRecord record{.time = flow.last_seen,
                      .source = flow.key.source(flow.first),
                      .destination = flow.key.destination(flow.first),
                      .protocol = flow.key.protocol(),
                      .packets = flow.packets,
                      .strength = identification.strength,
                      .speaks = std::string(protocol_of(findings)),
                      .application = std::string(application_of(findings, identification.service)),
                      .server_name = findings.server_name.empty() ? findings.server_address
                                                                  : findings.server_name,
                      .ja4 = findings.ja4,
                      .ech = std::string(ech_of(findings, ruleset)),
                      .unreadable = decision.exception == Exception::unreadable
                                        ? std::string(to_string(findings.unreadable))
                                        : std::string(),
                      .client_first = evaluation.parties.client == flow.key.source(flow.first),
                      .exception = decision.exception,
                      .decided_at_packet = flow.decided_at,
                      .delay = delay_of(flow)};
    describe(record, evaluation, ruleset);
    if (identification.service != nullptr && identification.decisive == EvidenceKind::address)
        record.evidence.push_back({.kind = EvidenceKind::address,
                                   .value = to_string(identification.address),
                                   .packet = 1});
    record.evidence.insert(record.evidence.end(), findings.evidence.begin(),
                           findings.evidence.end());
    if (identification.strength == Strength::correlated)
        record.evidence.push_back(
            {.kind = identification.decisive, .value = record.service, .packet = 0});
    return record;
}

}  // namespace octroi
