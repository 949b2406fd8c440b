#include "rules/policy/policy.hpp"

#include <algorithm>

#include "rules/text/text_key.hpp"

namespace octroi {
namespace {

Truth truth_of(bool value) {
    return value ? Truth::yes : Truth::no;
}

template <typename Set, typename Test>
Truth test(const std::optional<Condition<Set>>& condition, Test contained) {
    return condition ? truth_of(contained(condition->values) != condition->negated) : Truth::yes;
}

Truth test_zones(const std::optional<Condition<ZoneSet>>& condition, const Facts& facts) {
    if (!condition)
        return Truth::yes;
    const bool inside = (condition->values & facts.zones).any();
    if (!inside && (condition->values & facts.open_zones).any())
        return Truth::unknown;
    return truth_of(inside != condition->negated);
}

Truth test_services(const Rule& rule, const Facts& facts) {
    if (!rule.when.services)
        return Truth::yes;
    if (!facts.service_known)
        return Truth::unknown;
    // A name alone may forbid; to permit, the service may ask for its own address as well.
    if (rule.then == Action::accept && !facts.service_verified)
        return Truth::no;
    return truth_of(rule.when.services->test(facts.service));
}

// What is not known yet leaves the condition open.
template <typename Set, typename Test>
Truth test_known(bool known, const std::optional<Condition<Set>>& condition, Test contained) {
    return condition && !known ? Truth::unknown : test(condition, contained);
}

Truth test_flag(bool known, const std::optional<bool>& wanted, bool value) {
    if (!wanted)
        return Truth::yes;
    return known ? truth_of(*wanted == value) : Truth::unknown;
}

auto contains(std::string_view word) {
    return [word](const WordSet& words) { return words.contains(text_key(word)); };
}

template <typename T, typename Value>
std::vector<std::pair<Network, T>> zone_entries(const std::vector<Zone>& zones, Value value) {
    std::vector<std::pair<Network, T>> entries;
    for (std::size_t i = 0; i < zones.size(); ++i)
        for (const Network& network : zones[i].networks)
            entries.emplace_back(network, value(i));
    return entries;
}

std::vector<bool> active_rules(const Policy::Parts& parts, Instant at) {
    std::vector<bool> active;
    for (const Rule& rule : parts.rules)
        active.push_back(rule.schedule.holds(at, parts.defaults.time_zone));
    return active;
}

}  // namespace

Transport transport_of(Protocol protocol) {
    switch (protocol) {
        case Protocol::tcp:
            return Transport::tcp;
        case Protocol::udp:
            return Transport::udp;
        case Protocol::icmp:
        case Protocol::icmpv6:
            return Transport::icmp;
    }
    return Transport::other;
}

bool NameSet::contains(std::string_view name) const {
    if (exact.contains(text_key(name)))
        return true;
    for (; !name.empty(); name = parent_domain(name))
        if (domains.contains(text_key(name)))
            return true;
    return false;
}

namespace {

constexpr std::array<std::string_view, 12> condition_names = {
    "zone",     "client", "address", "port",     "transport",   "service",
    "strength", "name",   "ech",     "protocol", "application", "unclassified"};

// In the order of `condition_names`.
std::array<Truth, condition_names.size()> truths_of(const Rule& rule, const Facts& facts) {
    const When& when = rule.when;
    const auto in = [](const Address& address) {
        return [&address](const Networks& networks) { return networks.contains(address); };
    };
    return {test_zones(when.zone, facts),
            test(when.client, in(facts.client)),
            test_known(facts.server_known, when.address,
                       [&](const Networks& networks) {
                           return networks.contains(facts.server) ||
                                  (facts.server_inside && networks.contains(*facts.server_inside));
                       }),
            test_known(facts.server_known, when.port,
                       [&](const std::vector<PortRange>& ports) {
                           return std::ranges::any_of(
                               ports, [&](PortRange range) { return range.contains(facts.port); });
                       }),
            test_known(facts.server_known, when.transport,
                       [&](const TransportSet& set) {
                           return set.test(static_cast<std::size_t>(facts.transport));
                       }),
            test_services(rule, facts),
            test_known(facts.service_known, when.strength,
                       [&](const StrengthSet& set) {
                           return set.test(static_cast<std::size_t>(facts.strength));
                       }),
            test_known(facts.name_known, when.name,
                       [&](const NameSet& names) { return names.contains(facts.name); }),
            test_flag(facts.name_known, when.ech, facts.ech),
            test_known(facts.protocol_known, when.protocol, contains(facts.protocol)),
            test_known(facts.application_known, when.application, contains(facts.application)),
            test_flag(facts.classified_known, when.unclassified, facts.unclassified)};
}

std::array<bool, condition_names.size()> has_conditions(const When& when) {
    return {when.zone.has_value(),     when.client.has_value(),      when.address.has_value(),
            when.port.has_value(),     when.transport.has_value(),   when.services.has_value(),
            when.strength.has_value(), when.name.has_value(),        when.ech.has_value(),
            when.protocol.has_value(), when.application.has_value(), when.unclassified.has_value()};
}

}  // namespace

Truth matches(const Rule& rule, const Facts& facts) {
    return std::ranges::min(truths_of(rule, facts));
}

std::vector<ConditionTruth> conditions_of(const Rule& rule, const Facts& facts) {
    const auto truths = truths_of(rule, facts);
    const auto present = has_conditions(rule.when);
    std::vector<ConditionTruth> conditions;
    for (std::size_t i = 0; i < truths.size(); ++i)
        if (present[i])
            conditions.push_back({.condition = condition_names[i], .truth = truths[i]});
    return conditions;
}

Mode Rule::mode_for(const ZoneSet& zones, const Address& client, Instant at) const {
    if (rollout.empty())
        return mode;
    const bool reached = std::ranges::any_of(rollout, [&](const RolloutStage& stage) {
        return stage.from <= at && (!stage.zone || zones.test(*stage.zone)) &&
               (stage.percent == 100 || rollout_bucket(name, client) < stage.percent);
    });
    return reached ? Mode::enforce : Mode::monitor;
}

Policy::Policy(std::shared_ptr<const Parts> parts, Instant at)
    : parts_(std::move(parts)),
      at_(at),
      active_(active_rules(*parts_, at)),
      index_(parts_->rules, active_),
      zone_sets_(
          zone_entries<ZoneSet>(parts_->zones, [](std::size_t i) { return ZoneSet{}.set(i); }),
          [](const ZoneSet& outer, const ZoneSet& inner) { return outer | inner; }),
      narrowest_zone_(zone_entries<std::size_t>(parts_->zones, [](std::size_t i) { return i; })) {
    note_refusals();
}

std::optional<Instant> Policy::next_edge() const {
    std::optional<Instant> next;
    const auto offer = [&](std::optional<Instant> edge) {
        if (edge && *edge > at_ && (!next || *edge < *next))
            next = edge;
    };
    for (const Rule& rule : parts_->rules) {
        offer(rule.schedule.next_edge(at_, parts_->defaults.time_zone));
        for (const RolloutStage& stage : rule.rollout)
            offer(stage.from);
    }
    return next;
}

// One walk for both outcomes: the would-be one takes every rule, the enforced one those that act on
// this client.
void Policy::evaluate(const Facts& facts, Decision& decision) const {
    bool would_ended = false;
    bool enforced_ended = false;
    const auto take = [&](bool& ended, Outcome& outcome, const Rule& rule, Truth truth) {
        if (ended)
            return;
        ended = true;
        if (truth == Truth::yes)
            outcome = {.settled = true, .action = rule.then, .rule = &rule};
    };
    index_.visit(facts, [&](std::size_t i) {
        const Rule& rule = parts_->rules[i];
        const Truth truth = matches(rule, facts);
        if (truth != Truth::no) {
            take(would_ended, decision.would, rule, truth);
            if (!enforced_ended && mode_for(rule, facts) == Mode::enforce)
                take(enforced_ended, decision.enforced, rule, truth);
        }
        return !would_ended || !enforced_ended;
    });
    if (!would_ended)
        decision.would = without_rule(std::nullopt, Mode::monitor, facts);
    if (!enforced_ended)
        decision.enforced = without_rule(std::nullopt, Mode::enforce, facts);
}

bool Policy::could_refuse(const Facts& facts, Mode walk) const {
    std::optional<bool> refused;
    index_.visit(facts, [&](std::size_t i) {
        const Rule& rule = parts_->rules[i];
        const Truth truth = matches(rule, facts);
        if (truth == Truth::no || (walk == Mode::enforce && mode_for(rule, facts) != walk))
            return true;
        if (rule.then != Action::accept)
            refused = true;
        else if (truth == Truth::yes)
            refused = false;
        return !refused;
    });
    const bool acts = walk == Mode::monitor || parts_->defaults.mode == Mode::enforce;
    return refused.value_or(acts && parts_->defaults.action != Action::accept);
}

// Which clients a rule that acts may refuse: by its zones, the other conditions left aside.
void Policy::note_refusals() {
    const Defaults& defaults = parts_->defaults;
    refuses_everywhere_ = defaults.mode == Mode::enforce && defaults.action != Action::accept;
    for (std::size_t i = 0; i < parts_->rules.size(); ++i) {
        const Rule& rule = parts_->rules[i];
        const bool acts = rule.mode == Mode::enforce || !rule.rollout.empty();
        if (!active_[i] || rule.then == Action::accept || !acts)
            continue;
        if (rule.when.zone && !rule.when.zone->negated)
            refusing_zones_ |= rule.when.zone->values;
        else
            refuses_everywhere_ = true;
    }
}

void Networks::index() {
    std::vector<PrefixMap<bool>::Entry> entries;
    entries.reserve(list.size());
    for (const Network& network : list)
        entries.emplace_back(network, true);
    map = PrefixMap<bool>(std::move(entries));
}

Outcome Policy::without_rule(std::optional<Exception> exception, Mode walk,
                             const Facts& facts) const {
    const bool by_rules =
        exception && !parts_->exceptions[static_cast<std::size_t>(*exception)].has_value();
    if (by_rules)
        return {.settled = true,
                .action = could_refuse(facts, walk) ? Action::reject : Action::accept};
    const Action action = exception ? exception_action(*exception) : parts_->defaults.action;
    const bool acts = walk == Mode::monitor || parts_->defaults.mode == Mode::enforce;
    return {.settled = true, .action = acts ? action : Action::accept};
}

Decision Policy::decide(const Facts& facts, std::optional<Exception> exception) const {
    Decision decision;
    evaluate(facts, decision);
    if (!exception)
        return decision;
    // Only where no rule speaks: an exempted zone stays exempt whatever its packets look like.
    if (decision.enforced.rule == nullptr)
        decision.enforced = without_rule(exception, Mode::enforce, facts);
    if (decision.would.rule == nullptr) {
        decision.would = without_rule(exception, Mode::monitor, facts);
        decision.exception = exception;
    }
    return decision;
}

std::optional<Address> Policy::inside(const Address& address) const {
    const auto embedded = embedded_address(address, parts_->nat64);
    return embedded ? std::optional(embedded->address) : std::nullopt;
}

bool Policy::asks_application() const {
    return std::ranges::any_of(parts_->rules,
                               [](const Rule& rule) { return rule.when.application.has_value(); });
}

ZoneSet Policy::zones_of(const Address& client) const {
    const ZoneSet* zones = zone_sets_.find(client);
    return zones == nullptr ? ZoneSet{} : *zones;
}

ZoneSet Policy::zones_of_interface(std::string_view interface) const {
    ZoneSet zones;
    for (std::size_t i = 0; i < parts_->zones.size(); ++i)
        if (std::ranges::find(parts_->zones[i].interfaces, interface) !=
            parts_->zones[i].interfaces.end())
            zones.set(i);
    return zones;
}

ZoneSet Policy::zones_by_interface() const {
    ZoneSet zones;
    for (std::size_t i = 0; i < parts_->zones.size(); ++i)
        zones.set(i, !parts_->zones[i].interfaces.empty());
    return zones;
}

std::optional<std::size_t> Policy::label_zone(const Address& client, const ZoneSet& zones) const {
    if (const std::size_t* zone = narrowest_zone_.find(client))
        return *zone;
    for (std::size_t i = 0; i < parts_->zones.size(); ++i)
        if (zones.test(i))
            return i;
    return std::nullopt;
}

}  // namespace octroi
