#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/diff/rule_pairs.hpp"
#include "rules/services/strength.hpp"

namespace octroi {

/// What a flow shows beside its client and its service: what conditions other than zone, client and
/// service may ask for.
struct ExampleFlow {
    std::string name;
    Address server;
    std::uint16_t port = 443;
    Transport transport = Transport::tcp;
    std::string protocol = "TLS";
    std::string application;
    Strength strength = Strength::observed;
    bool ech = false;
    bool verified = true;

    /// What is not as in an ordinary flow, as conditions of a policy write it: {"port", "25"}.
    std::vector<std::pair<std::string_view, std::string>> details;

    /// Pairs of rules (by number) that both match such a flow, and between which a change can show;
    /// none: every client and service is of interest.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> meetings;

    /// The service that its address or its name tells; nothing where they leave it open.
    std::optional<ServiceId> service;

    [[nodiscard]] bool ordinary() const { return details.empty(); }
};

/// Flows that stand for all that the conditions of two policies tell apart beyond zone, client,
/// service and time.
struct ExampleFlows {
    std::vector<ExampleFlow> all;  ///< the first one: an ordinary flow, TLS over TCP to port 443
    bool complete = true;          ///< no example was left out for their number
};

/// The ordinary flow, and for each two rules between which a change can show flows that both of
/// them match. With `defaults_differ` also the ordinary flow with each named value in place of its
/// own. Values that the same rules name stand for one another.
[[nodiscard]] ExampleFlows example_flows(const RulePairs& rules, const Catalogue& catalogue,
                                         bool defaults_differ);

}  // namespace octroi
