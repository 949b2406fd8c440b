#pragma once

#include "daemon/engine/client_memory.hpp"
#include "daemon/engine/dns_questions.hpp"
#include "daemon/engine/evaluation.hpp"
#include "daemon/engine/flow_table.hpp"

namespace octroi {

/// What the memory holds for the flow, at the time of its newest packet.
[[nodiscard]] Hints recall(const ClientMemory& memory, const Flow& flow, const Ruleset& ruleset);

/// Once the service of a flow is settled: that what else the client sends from this UDP port is the
/// same call. Only the service's own framing, or its relay asked for by name, is proof of that, in
/// a flow that the client began. And that a server which the client asked for by name, and
/// which has answered, is the service's for what else goes there. None of it where a rule accepts
/// that service. Marks a
/// flow to its relay as one for `remember_peer`.
/// And that a client talks to a service that must stay reachable, once its server has taken the
/// request and where a rule accepts it.
void remember_service(ClientMemory& memory, Flow& flow, const Evaluation& evaluation,
                      const Ruleset& ruleset);

/// Where a client asks a service's TURN relay to let a peer by (RFC 8656), that what it exchanges
/// with the peer itself is the same call, once the relay has answered anything. Any other packet
/// tells nothing.
void remember_peer(ClientMemory& memory, const Flow& flow, const Packet& packet,
                   const Ruleset& ruleset);

/// From a DNS answer (RFC 1035 4.1.3): its addresses belong, for the client that asked, to the
/// service of the name, for as long as the records live. Only of a name that the client asked for
/// in the same flow, of a resolver that the policy names, if it names any, and that this gateway
/// does not refuse. Any other packet tells nothing.
void remember_names(ClientMemory& memory, DnsQuestions& questions, const Flow& flow,
                    const Packet& packet, const Ruleset& ruleset);

}  // namespace octroi
