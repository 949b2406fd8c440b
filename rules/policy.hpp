#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_set.h>

#include "classifiers/flow_key.hpp"
#include "rules/catalogue.hpp"
#include "rules/prefix_map.hpp"

namespace octroi {

enum class Action : std::uint8_t { accept, drop, reject };

inline constexpr std::array<std::string_view, 3> action_names = {"accept", "drop", "reject"};

[[nodiscard]] constexpr std::string_view to_string(Action action) {
    return action_names[static_cast<std::size_t>(action)];
}

/// Whether a rule acts or only says what it would do.
enum class Mode : std::uint8_t { enforce, monitor };

/// A condition's answer while a flow is still being inspected.
enum class Truth : std::uint8_t { no, unknown, yes };

enum class Transport : std::uint8_t { tcp, udp, icmp, other };

inline constexpr std::array<std::string_view, 4> transport_names = {"tcp", "udp", "icmp", "other"};

[[nodiscard]] Transport transport_of(Protocol protocol);

/// Cases in which there is nothing to decide on.
enum class Exception : std::uint8_t { midstream, unclassified, ambiguous, malformed, table_full };

inline constexpr std::array<std::string_view, 5> exception_names = {
    "midstream", "unclassified", "ambiguous", "malformed", "table_full"};

inline constexpr std::size_t max_zones = 256;
using ZoneSet = std::bitset<max_zones>;
using ServiceSet = std::bitset<max_service_id + 1>;  ///< by id; bit 0: no service
using TransportSet = std::bitset<transport_names.size()>;

/// A named part of the network: clients by address and, live, by the interface they come in
/// through.
struct Zone {
    std::string name;
    std::vector<Network> networks;
    std::vector<std::string> interfaces;
};

/// What policy may ask about a flow. Most of it may not be known yet.
struct Facts {
    ZoneSet zones;
    Address client;
    bool server_known = true;  ///< a name that is only looked up has no server yet
    Address server;
    std::uint16_t port = 0;  ///< the server's
    Transport transport{};
    bool service_known = false;
    ServiceId service = no_service;
    Strength strength{};  ///< of the service
    bool service_verified = true;
    bool name_known = false;
    std::string_view name;  ///< empty: the flow names no host
    bool ech = false;       ///< an encrypted ClientHello behind an outer name; known with the name
    bool protocol_known = false;
    std::string_view protocol;  ///< empty: nobody recognises it
    bool application_known = false;
    std::string_view application;  ///< nDPI's; empty: none
    bool classified_known = false;
    bool unclassified = false;  ///< inspection ended without service or name
};

/// Domains with their subdomains, and exact names (written `=name`).
struct NameSet {
    absl::flat_hash_set<std::string> domains;
    absl::flat_hash_set<std::string> exact;

    [[nodiscard]] bool contains(std::string_view name) const;
};

/// One condition on a rule: a set of values, or everything outside it.
template <typename Set>
struct Condition {
    Set values;
    bool negated = false;
};

using StrengthSet = std::bitset<strength_count>;
using WordSet = absl::flat_hash_set<std::string>;

/// All conditions of a rule; one that is absent is true for every flow. `service`, `category`,
/// `vendor` and `jurisdiction` are resolved to the services that fulfil all four when the policy is
/// loaded.
struct When {
    std::optional<Condition<ZoneSet>> zone;
    std::optional<Condition<PrefixMap<bool>>> client;
    std::optional<Condition<PrefixMap<bool>>> address;
    std::optional<Condition<NameSet>> name;
    std::optional<Condition<std::vector<PortRange>>> port;
    std::optional<Condition<TransportSet>> transport;
    std::optional<ServiceSet> services;
    std::optional<Condition<StrengthSet>> strength;
    std::optional<Condition<WordSet>> protocol;
    std::optional<Condition<WordSet>> application;
    std::optional<bool> ech;
    std::optional<bool> unclassified;
};

struct Rule {
    std::string name;
    When when;
    Action then{};
    Mode mode{};
    std::string reason;
    Position position;
};

/// What the rules say of a flow: an action by a rule, or by none of them, or not yet.
struct Outcome {
    bool settled = false;
    Action action{};
    const Rule* rule = nullptr;  ///< null: the default or an exception
};

/// What is done with a flow, and what would be done if no rule were in monitor mode.
struct Decision {
    Outcome enforced;
    Outcome would;
    std::optional<Exception> exception;

    [[nodiscard]] bool settled() const { return enforced.settled && would.settled; }

    /// The rule to name when somebody asks why: the one that refuses or would refuse.
    [[nodiscard]] const Rule* rule() const {
        const bool refuses = would.rule != nullptr && would.action != Action::accept;
        return refuses || enforced.rule == nullptr ? would.rule : enforced.rule;
    }
};

/// A loaded policy. Immutable; borrows nothing.
class Policy {
  public:
    struct Defaults {
        Action action = Action::accept;
        Mode mode = Mode::enforce;
    };

    /// What is done to DNS answers that cross the gateway.
    struct Names {
        bool refuse = false;     ///< NXDOMAIN for a name whose flows the client's rules refuse
        bool strip_ech = false;  ///< no ECH keys in HTTPS and SVCB answers

        [[nodiscard]] bool any() const { return refuse || strip_ech; }
    };

    struct Parts {
        Defaults defaults;
        Names names;
        std::vector<Zone> zones;
        std::vector<Rule> rules;
        std::array<Action, exception_names.size()> exceptions{};
        std::string file;
    };

    explicit Policy(Parts parts);

    /// First match: rules in order; a rule whose condition is not known yet stops the walk, because
    /// a later packet may still make it match. Three-valued, so that an outcome once settled stays.
    [[nodiscard]] Decision decide(const Facts& facts,
                                  std::optional<Exception> exception = {}) const;

    /// Every zone that holds `client`.
    [[nodiscard]] ZoneSet zones_of(const Address& client) const;

    /// Every zone that names the interface.
    [[nodiscard]] ZoneSet zones_of_interface(std::string_view interface) const;

    /// The zone that metrics and events name: the one with the longest prefix around `client`, else
    /// the first one of `zones`; nothing where the client is in no zone.
    [[nodiscard]] std::optional<std::size_t> label_zone(const Address& client,
                                                        const ZoneSet& zones) const;

    [[nodiscard]] const std::vector<Zone>& zones() const { return parts_.zones; }

    [[nodiscard]] const std::vector<Rule>& rules() const { return parts_.rules; }

    [[nodiscard]] const Defaults& defaults() const { return parts_.defaults; }

    [[nodiscard]] const Names& names() const { return parts_.names; }

    /// Whether a rule asks for nDPI's application: then nDPI is to look at every flow.
    [[nodiscard]] bool asks_application() const;

    [[nodiscard]] Action exception_action(Exception exception) const {
        return parts_.exceptions[static_cast<std::size_t>(exception)];
    }

    [[nodiscard]] const std::string& file() const { return parts_.file; }

  private:
    [[nodiscard]] Outcome evaluate(const Facts& facts, Mode walk) const;
    [[nodiscard]] Outcome without_rule(std::optional<Exception> exception, Mode walk) const;

    Parts parts_;
    PrefixMap<ZoneSet> zone_sets_;
    PrefixMap<std::size_t> narrowest_zone_;
};

/// Whether all conditions of `rule` hold; `unknown` where the flow has not shown enough.
[[nodiscard]] Truth matches(const Rule& rule, const Facts& facts);

/// Reads a policy file against a catalogue. Findings are appended; nothing is given where one is an
/// error.
[[nodiscard]] std::optional<Policy> read_policy(const yaml::Document& document,
                                                const Catalogue& catalogue,
                                                std::vector<Finding>& findings);

}  // namespace octroi
