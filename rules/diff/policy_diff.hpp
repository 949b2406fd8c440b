#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/diff/timeline.hpp"
#include "rules/policy/policy.hpp"
#include "rules/services/catalogue.hpp"

namespace octroi {

struct ClientClass;

/// What a policy does with a flow: done, and done if nothing were in monitor mode.
struct Effect {
    Action action{};
    Action would{};
    std::string rule;  ///< to name when somebody asks why; empty: the default or an exception

    /// Whether flows fare alike, whatever rule says so.
    [[nodiscard]] bool same_action(const Effect& other) const {
        return action == other.action && would == other.would;
    }

    auto operator<=>(const Effect&) const = default;
};

[[nodiscard]] Effect effect_of(const Decision& decision);

/// What a flow of such a client meets before and after. `facts` need neither client nor zones.
[[nodiscard]] std::pair<Effect, Effect> effects_on(const Policy& before, const Policy& after,
                                                   const ClientClass& client, Facts facts,
                                                   std::optional<Exception> exception);

/// What a flow shows beside client and service, as conditions: {{"port", "25"}}.
using FlowDetails = std::vector<std::pair<std::string_view, std::string>>;

/// Flows that fare otherwise after than before, all in the same way.
struct PolicyChange {
    std::vector<Span> spans;
    std::string when;                   ///< the same in words
    std::string clients;                ///< in words: "pilot", "0-25 % of RULE in press"
    std::vector<Address> some_clients;  ///< one of each class of them
    std::vector<std::string> services;  ///< names; `no_service_name`, "exception ..." too
    std::vector<FlowDetails> flows;     ///< examples; none: whatever else flows show
    Effect before;
    Effect after;
};

inline constexpr std::string_view no_service_name = "no service";

/// A setting of the policy that acts beside its rules.
struct SettingChange {
    std::string setting;
    std::string before;
    std::string after;
};

/// What changes from one policy to another.
struct PolicyDiff {
    Instant from;          ///< of the time that was compared
    Instant until;         ///< its end
    bool complete = true;  ///< false: there was too much to compare all examples
    std::vector<SettingChange> settings;
    std::vector<PolicyChange> changes;

    [[nodiscard]] bool same() const { return settings.empty() && changes.empty(); }
};

inline constexpr absl::Duration compared_time = absl::Hours(24 * 400);

/// Compares two policies from `from` on: every class of clients, every service of the catalogue and
/// every situation in time, for an ordinary flow (TLS over TCP to port 443, without a name); beyond
/// that, flows by the values that either policy names. Flows differ where their enforced or
/// would-be actions do; another rule that does the same is no difference.
[[nodiscard]] PolicyDiff compare(const Policy& before, const Policy& after,
                                 const Catalogue& catalogue, Instant from,
                                 absl::Duration length = compared_time);

}  // namespace octroi
