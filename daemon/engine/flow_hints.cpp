#include "daemon/engine/flow_hints.hpp"

#include <algorithm>

#include "classifiers/clear/stun.hpp"
#include "classifiers/dns/dns_answer.hpp"

namespace octroi {
namespace {

// An address alone proves no call: anyone's WebRTC may ask a public STUN server in a vendor's
// range.
bool proves_call(const Identification& found, const Findings& findings) {
    if (found.strength < Strength::observed)
        return false;
    return found.decisive == EvidenceKind::stun || found.decisive == EvidenceKind::media ||
           (found.decisive == EvidenceKind::address && findings.signatures.any());
}

void remember_addresses(ClientMemory& memory, const dns::Answer& answer, const Packet& packet,
                        const Ruleset& ruleset) {
    const auto named = std::ranges::find_if(answer.names, [&](const std::string& name) {
        return ruleset.catalogue->find_domain(name) != nullptr;
    });
    // A name of nobody's takes the place of an older one: the address is its server's as well.
    const ServiceId service =
        named == answer.names.end() ? no_service : ruleset.catalogue->find_domain(*named)->id;
    for (const dns::Answer::Record& record : answer.addresses)
        memory.remember_resolved(packet.destination().address,
                                 undressed(record.address, ruleset.policy->nat64()), service,
                                 record.ttl, unix_seconds(packet.context.time));
}

// What somebody outside sends unasked tells nothing of the client's port.
bool begun_by_client(const Flow& flow, const Evaluation& evaluation) {
    return flow.key.source(flow.first) == evaluation.parties.client;
}

// Data of a connection that began in sight: before the server's SYN-ACK conntrack calls it INVALID.
bool has_handshake(const Flow& flow) {
    return flow.opened && flow.packets > 1 && flow.key.protocol() == Protocol::tcp;
}

// A client's own word opens nothing.
bool vouches_for(const Evaluation& evaluation) {
    return evaluation.would() == Action::accept && evaluation.decision.rule() != nullptr;
}

void remember_server(ClientMemory& memory, const Flow& flow, const Evaluation& evaluation,
                     const Ruleset& ruleset) {
    const Findings& findings = flow.inspector->findings();
    const bool named =
        findings.name_kind == EvidenceKind::tls_sni || findings.name_kind == EvidenceKind::quic_sni;
    if (!named || findings.server_name.empty() || !findings.may_permit())
        return;
    const Parties& parties = evaluation.parties;
    memory.remember_named(parties.client.address,
                          undressed(parties.server.address, ruleset.policy->nat64()),
                          evaluation.service(), unix_seconds(flow.last_seen));
}

}  // namespace

// Either end may be the one that another flow told about: a peer's packet may come first.
Hints recall(const ClientMemory& memory, const Flow& flow, const Ruleset& ruleset) {
    const Parties parties = parties_of(flow, ruleset);
    const std::int64_t now = unix_seconds(flow.last_seen);
    // Behind NAT64 a client may ask for an IPv4 address and dress it itself (RFC 7050).
    const Endpoint server{.address = undressed(parties.server.address, ruleset.policy->nat64()),
                          .port = parties.server.port};
    Hints hints = memory.hints(parties.client, server, now);
    if (flow.key.protocol() != Protocol::udp) {
        hints.same_endpoint = no_service;
        return hints;
    }
    const Hints reversed = memory.hints(parties.server, parties.client, now);
    if (hints.same_endpoint == no_service)
        hints.same_endpoint = reversed.same_endpoint;
    if (hints.signalling == no_service)
        hints.signalling = reversed.signalling;
    return hints;
}

void remember_service(ClientMemory& memory, Flow& flow, const Evaluation& evaluation,
                      const Ruleset& ruleset) {
    const Identification& found = evaluation.identification;
    const Findings& findings = flow.inspector->findings();
    if (!found.settled || found.service == nullptr)
        return;
    const bool vouched = vouches_for(evaluation);
    const bool taken = findings.answered || has_handshake(flow);
    if (found.service->must_stay && taken && vouched)
        memory.remember_signalling(evaluation.parties.client.address, found.service->id,
                                   unix_seconds(flow.last_seen));
    if (taken && !vouched)
        remember_server(memory, flow, evaluation, ruleset);
    if (flow.learned || vouched)
        return;
    flow.learned = !findings.open();
    if (flow.key.protocol() == Protocol::udp && findings.application == Application::stun &&
        begun_by_client(flow, evaluation))
        flow.relay_of = found.service->id;
    if (flow.key.protocol() == Protocol::udp && proves_call(found, findings) &&
        begun_by_client(flow, evaluation))
        memory.remember_endpoint(evaluation.parties.client, found.service->id,
                                 unix_seconds(flow.last_seen));
}

void remember_peer(ClientMemory& memory, const Flow& flow, const Packet& packet,
                   const Ruleset& ruleset) {
    if (flow.relay_of == no_service || !flow.replied || packet.direction != flow.first)
        return;
    const auto message = stun::parse(packet.payload);
    if (!message || !message->peer || !stun::asks_for_peer(*message))
        return;
    const Endpoint peer{.address = undressed(message->peer->address, ruleset.policy->nat64()),
                        .port = message->peer->port};
    memory.remember_peer(packet.source().address, peer, flow.relay_of,
                         unix_seconds(packet.context.time));
}

void remember_names(ClientMemory& memory, DnsQuestions& questions, const Flow& flow,
                    const Packet& packet, const Ruleset& ruleset) {
    if (!flow.speaks_dns())
        return;
    for (const Bytes message : dns::messages_in(packet)) {
        const auto preamble = dns::read_preamble(message);
        if (!preamble)
            continue;
        if (!preamble->response && packet.destination().port == dns::port)
            questions.ask(packet.key, message, *preamble);
        if (!preamble->response || packet.source().port != dns::port ||
            !questions.answer(packet.key, message, *preamble))
            continue;
        const Networks& resolvers = ruleset.policy->resolvers();
        if (!resolvers.list.empty() && !resolvers.contains(packet.source().address))
            continue;
        const bool refused = ruleset.policy->names().refuse &&
                             refuses(evaluate_name(preamble->name, packet, ruleset).decision);
        if (const auto answer = dns::parse_answer(message); answer && !refused)
            remember_addresses(memory, *answer, packet, ruleset);
    }
}

}  // namespace octroi
