#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/net/embedded_address.hpp"
#include "rules/policy/facts.hpp"
#include "rules/policy/rollout.hpp"
#include "rules/policy/rule_index.hpp"
#include "rules/policy/schedule.hpp"
#include "rules/sets/prefix_map.hpp"

namespace octroi {

enum class Action : std::uint8_t { accept, drop, reject };

inline constexpr std::array<std::string_view, 3> action_names = {"accept", "drop", "reject"};

[[nodiscard]] constexpr std::string_view to_string(Action action) {
    return action_names[static_cast<std::size_t>(action)];
}

/// Whether a rule acts or only says what it would do.
enum class Mode : std::uint8_t { enforce, monitor };

inline constexpr std::array<std::string_view, 2> mode_names = {"enforce", "monitor"};

[[nodiscard]] constexpr std::string_view to_string(Mode mode) {
    return mode_names[static_cast<std::size_t>(mode)];
}

/// A condition's answer while a flow is still being inspected.
enum class Truth : std::uint8_t { no, unknown, yes };

/// Cases in which there is nothing to decide on.
enum class Exception : std::uint8_t {
    midstream,
    unclassified,
    ambiguous,
    malformed,
    table_full,
    unreadable
};

inline constexpr std::array<std::string_view, 6> exception_names = {
    "midstream", "unclassified", "ambiguous", "malformed", "table_full", "unreadable"};

[[nodiscard]] constexpr std::string_view to_string(Exception exception) {
    return exception_names[static_cast<std::size_t>(exception)];
}

/// Whether more of such a flow is known than its ends.
[[nodiscard]] constexpr bool was_read(std::optional<Exception> exception) {
    return exception != Exception::ambiguous && exception != Exception::table_full &&
           exception != Exception::unreadable;
}

/// When what a client says counts for a permission. A refusal never waits.
enum class Believe : std::uint8_t {
    by_transport,  ///< over TCP when its server has taken it, over QUIC when it is sent
    acknowledged,  ///< when its server has taken it
    sent           ///< when it is sent, unless a receiver may throw it away
};

inline constexpr std::array<std::string_view, 3> believe_names = {"by-transport", "acknowledged",
                                                                  "sent"};

[[nodiscard]] constexpr std::string_view to_string(Believe believe) {
    return believe_names[static_cast<std::size_t>(believe)];
}

/// A named part of the network: clients by address and, live, by the interface they come in
/// through.
struct Zone {
    std::string name;
    std::vector<Network> networks;
    std::vector<std::string> interfaces;
    std::string file;  ///< where it was read
    Position position;
};

/// A list of the policy with nothing inside, and where it was read.
struct EmptyList {
    std::string name;
    std::string file;
    Position position;
};

/// Networks, and whether an address is in any of them.
struct Networks {
    std::vector<Network> list;
    PrefixMap<bool> map;

    [[nodiscard]] bool contains(const Address& address) const {
        return map.find(address) != nullptr;
    }

    /// Puts the map in order, once the list is whole.
    void index();
};

/// One condition on a rule: a set of values, or everything outside it.
template <typename Set>
struct Condition {
    Set values;
    bool negated = false;
};

/// All conditions of a rule; one that is absent is true for every flow. `service`, `category`,
/// `vendor` and `jurisdiction` are resolved to the services that fulfil all four when the policy is
/// loaded.
struct When {
    std::optional<Condition<ZoneSet>> zone;
    std::optional<Condition<Networks>> client;
    std::optional<Condition<Networks>> address;
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

/// A rule, or an exemption: those come before all rules, always accept, and end.
struct Rule {
    std::string name;
    When when;
    Action then{};
    Mode mode{};
    std::string reason;
    Schedule schedule;
    std::vector<RolloutStage> rollout;  ///< none: `mode` says it for everybody
    bool log = false;                   ///< an accepted flow is an event as well
    bool exemption = false;
    std::string owner;   ///< of an exemption
    std::string ticket;  ///< of an exemption
    std::string file;    ///< where it was read
    Position position;

    /// Whether the rule acts on this client at `at`, or only says what it would do.
    [[nodiscard]] Mode mode_for(const ZoneSet& zones, const Address& client, Instant at) const;
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

/// A loaded policy, as it stands at one moment. Immutable; copies share what was read.
class Policy {
  public:
    struct Defaults {
        Action action = Action::accept;
        Mode mode = Mode::enforce;
        Believe believe = Believe::by_transport;
        std::chrono::minutes midstream_grace{0};  ///< from the start: what is under way passes
        std::size_t undecided_octets = 0;  ///< payload of a flow before its decision; 0: no bound
        std::string zone_name = "UTC";
        absl::TimeZone time_zone = absl::UTCTimeZone();
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
        std::vector<Nat64Prefix> nat64;
        Networks resolvers;  ///< whose answers teach; empty: every one's, and they open nothing
        std::vector<Zone> zones;
        std::vector<Rule> rules;  ///< exemptions first
        /// Empty: refused where a rule that acts could refuse the flow, if it were read.
        std::array<std::optional<Action>, exception_names.size()> exceptions{};
        std::vector<EmptyList> empty_lists;
        std::string file;
        std::string sha256;  ///< of its text, with that of the files it includes and names
    };

    explicit Policy(Parts parts, Instant at = absl::Now())
        : Policy(std::make_shared<const Parts>(std::move(parts)), at) {}

    /// The same policy at another moment.
    [[nodiscard]] Policy at(Instant at) const { return {parts_, at}; }

    /// The moment that this policy stands for.
    [[nodiscard]] Instant moment() const { return at_; }

    /// The first moment after its own at which a rule begins, ends or changes its clients; nothing
    /// where none ever does.
    [[nodiscard]] std::optional<Instant> next_edge() const;

    /// Whether the schedule of rules()[index] holds at its moment.
    [[nodiscard]] bool active(std::size_t index) const { return active_[index]; }

    [[nodiscard]] Mode mode_for(const Rule& rule, const Facts& facts) const {
        return rule.mode_for(facts.zones, facts.client, at_);
    }

    /// First match: rules in order; a rule whose condition is not known yet stops the walk, because
    /// a later packet may still make it match. Three-valued, so that an outcome once settled stays.
    [[nodiscard]] Decision decide(const Facts& facts,
                                  std::optional<Exception> exception = {}) const;

    /// Every zone that holds `client`.
    [[nodiscard]] ZoneSet zones_of(const Address& client) const;

    /// Every zone that names the interface.
    [[nodiscard]] ZoneSet zones_of_interface(std::string_view interface) const;

    /// Every zone that names some interface.
    [[nodiscard]] ZoneSet zones_by_interface() const;

    /// The zone that metrics and events name: the one with the longest prefix around `client`, else
    /// the first one of `zones`; nothing where the client is in no zone.
    [[nodiscard]] std::optional<std::size_t> label_zone(const Address& client,
                                                        const ZoneSet& zones) const;

    [[nodiscard]] const std::vector<Zone>& zones() const { return parts_->zones; }

    [[nodiscard]] const std::vector<Rule>& rules() const { return parts_->rules; }

    [[nodiscard]] const Defaults& defaults() const { return parts_->defaults; }

    [[nodiscard]] const Names& names() const { return parts_->names; }

    /// The prefixes of this network's translators.
    [[nodiscard]] std::span<const Nat64Prefix> nat64() const { return parts_->nat64; }

    /// The resolvers whose answers are believed, if the policy names them.
    [[nodiscard]] const Networks& resolvers() const { return parts_->resolvers; }

    /// The IPv4 address inside an IPv6 one, if there is one.
    [[nodiscard]] std::optional<Address> inside(const Address& address) const;

    [[nodiscard]] const Parts& parts() const { return *parts_; }

    /// Whether a rule asks for nDPI's application: then nDPI is to look at every flow.
    [[nodiscard]] bool asks_application() const;

    /// Whether permissions wait for the server's acknowledgement.
    [[nodiscard]] bool believes_acknowledged(Protocol protocol) const {
        const Believe believe = parts_->defaults.believe;
        return believe == Believe::acknowledged ||
               (believe == Believe::by_transport && protocol == Protocol::tcp);
    }

    /// Whether anything could be refused, in one of these zones or outside all, by what a client
    /// says.
    [[nodiscard]] bool refuses_by_name(const ZoneSet& zones) const {
        return refuses_everywhere_ || (refusing_zones_ & zones).any();
    }

    /// What is done in a case that no rule speaks of. Only `unreadable` may depend on the flow.
    [[nodiscard]] Action exception_action(Exception exception) const {
        return parts_->exceptions[static_cast<std::size_t>(exception)].value_or(
            parts_->defaults.action);
    }

    /// Whether a rule that acts, or the default, could refuse a flow of which so much is known.
    [[nodiscard]] bool could_refuse(const Facts& facts, Mode walk) const;

    [[nodiscard]] const std::string& file() const { return parts_->file; }

    /// The SHA-256 of the texts that it was read from, one after the other: the file itself, the
    /// included ones by name, the files of lists. Of a single file what sha256sum(1) prints.
    [[nodiscard]] const std::string& sha256() const { return parts_->sha256; }

    /// The short name of this text: the first digits of its sha256().
    [[nodiscard]] std::string_view revision() const {
        return std::string_view(parts_->sha256).substr(0, 12);
    }

  private:
    Policy(std::shared_ptr<const Parts> parts, Instant at);

    void evaluate(const Facts& facts, Decision& decision) const;
    [[nodiscard]] Outcome without_rule(std::optional<Exception> exception, Mode walk,
                                       const Facts& facts) const;
    void note_refusals();

    std::shared_ptr<const Parts> parts_;
    Instant at_;
    std::vector<bool> active_;
    bool refuses_everywhere_ = false;
    ZoneSet refusing_zones_;
    RuleIndex index_;
    PrefixMap<ZoneSet> zone_sets_;
    PrefixMap<std::size_t> narrowest_zone_;
};

/// One condition of a rule and what it says of a flow.
struct ConditionTruth {
    std::string_view condition;  ///< as policies write it
    Truth truth{};
};

/// The conditions that `rule` has, and what each says of a flow.
[[nodiscard]] std::vector<ConditionTruth> conditions_of(const Rule& rule, const Facts& facts);

/// Whether all conditions of `rule` hold; `unknown` where the flow has not shown enough.
[[nodiscard]] Truth matches(const Rule& rule, const Facts& facts);

/// Reads a policy file against a catalogue, with the lists and the folder that it names, relative
/// to its own folder. Findings are appended; nothing is given where one is an error.
[[nodiscard]] std::optional<Policy> read_policy(const yaml::Document& document,
                                                const Catalogue& catalogue,
                                                std::vector<Finding>& findings);

}  // namespace octroi
