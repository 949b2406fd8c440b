#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/policy/policy.hpp"
#include "rules/services/strength.hpp"

namespace octroi {

/// A flow that somebody asks about: what is known of it. What is absent is not known.
struct PolicyQuery {
    Address client;
    std::optional<std::string> name;  ///< that the client asks for; empty: it asks for none
    std::optional<Address> address;   ///< of the server
    std::optional<std::uint16_t> port;
    std::optional<Transport> transport;
    std::optional<std::string> protocol;     ///< as nDPI names it
    std::optional<std::string> application;  ///< nDPI's, or `webrtc_call`
    std::optional<ServiceId> service;  ///< overrides what name and address say; no_service: none
    /// That the client is behind; empty: one that no zone names.
    std::optional<std::string> interface;
    bool ech = false;                    ///< the ClientHello is an outer one
    std::optional<Strength> strength;    ///< of the service, in place of what it would be
    std::optional<Exception> exception;  ///< why nothing could be learned
    bool complete = false;               ///< nothing more will be known: no name is no name
};

/// A rule that was walked past, up to the one that decides.
struct RuleTrace {
    const Rule* rule = nullptr;
    bool active = true;  ///< its schedule holds
    Mode mode{};         ///< for this client
    Truth truth{};
    std::vector<ConditionTruth> conditions;  ///< that the rule has
};

/// What a policy says of a question.
struct Answer {
    Facts facts;
    const Service* service = nullptr;
    Identification identification;
    Decision decision;
    std::vector<RuleTrace> walked;  ///< in order, the deciding rule of both outcomes included
};

/// Asks `policy` at its own moment. The question must outlive the answer.
[[nodiscard]] Answer ask(const Policy& policy, const Catalogue& catalogue,
                         const PolicyQuery& question);

}  // namespace octroi
