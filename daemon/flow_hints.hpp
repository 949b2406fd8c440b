#pragma once

#include "daemon/flow_table.hpp"
#include "daemon/judgement.hpp"
#include "rules/client_memory.hpp"

namespace octroi {

/// What the memory holds for the flow, at the time of its newest packet.
[[nodiscard]] Hints recall(const ClientMemory& memory, const Flow& flow, const Ruleset& ruleset);

/// Once the service of a flow is settled: that what else the client sends from this UDP port is the
/// same call. Only the service's own framing, or its relay asked for by name, is proof of that.
void remember_service(ClientMemory& memory, Flow& flow, const Judgement& judgement);

/// From a DNS answer (RFC 1035 4.1.3): its addresses belong, for the client that asked, to the
/// service of the name, for as long as the records live. Any other packet tells nothing.
void remember_names(ClientMemory& memory, const Flow& flow, const Packet& packet,
                    const Ruleset& ruleset);

}  // namespace octroi
