#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/engine/flow_table.hpp"
#include "daemon/engine/ruleset.hpp"
#include "metrics/events/flow_record.hpp"

namespace octroi {

/// Who talks to whom in a flow, as policy sees it.
struct Parties {
    Endpoint client;
    Endpoint server;
    ZoneSet zones;  ///< of the client
};

/// Who opened a flow, where neither a SYN nor a ClientHello says it: a side inside a zone, else the
/// side with the unprivileged port, else the first sender. The direction that goes to the server.
[[nodiscard]] Direction guess_client(const FlowKey& key, Direction first, const Policy& policy);

/// The parties of a flow, by what its packets showed so far.
[[nodiscard]] Parties parties_of(const Flow& flow, const Ruleset& ruleset);

/// What is believed of a flow and decided on it, at its newest packet.
struct Evaluation {
    Parties parties;
    Identification identification;
    Decision decision;

    /// The service's number, 0 where there is none.
    [[nodiscard]] ServiceId service() const;

    /// The zone that metrics and events name.
    [[nodiscard]] std::optional<std::size_t> label_zone(const Policy& policy) const;

    /// What would be done without monitor mode; the enforced action where that is not settled.
    [[nodiscard]] Action would() const;
};

/// Stages 4 and 5 of a packet's path: evidence to service, service to decision.
[[nodiscard]] Evaluation evaluate(const Flow& flow, const Ruleset& ruleset);

/// Whether what the client says could have been refused, if it had said something else, and the
/// server has not shown yet that this is what it took.
[[nodiscard]] bool awaits_proof(const Flow& flow, const Evaluation& evaluation,
                                const Ruleset& ruleset);

/// Judges a live flow that comes back after a reload, by what its mark `old` remembers: nothing of
/// it can be inspected again. What would need the flow's name, or was refused without any service,
/// keeps its verdict.
[[nodiscard]] Evaluation evaluate_again(const Packet& packet, const Mark& old,
                                        const Ruleset& ruleset);

/// Judges a name that is looked up, before any flow to it exists: by an answer on its way to the
/// client. Conditions on the server stay open.
[[nodiscard]] Evaluation evaluate_name(std::string_view name, const Packet& answer,
                                       const Ruleset& ruleset);

/// Whether the server is in one of the policy's zones: then it may be the machine of a person, as a
/// client is.
[[nodiscard]] bool is_inside(const Address& server, const Policy& policy);

/// Whether a rule refuses, and acts.
[[nodiscard]] bool refuses(const Decision& decision);

/// Fills in what a evaluation says: zone, service, decision, rule.
void describe(FlowRecord& record, const Evaluation& evaluation, const Ruleset& ruleset);

/// What is told about the flow.
[[nodiscard]] FlowRecord record_of(const Flow& flow, const Evaluation& evaluation,
                                   const Ruleset& ruleset);

}  // namespace octroi
