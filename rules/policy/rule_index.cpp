#include "rules/policy/rule_index.hpp"

#include <algorithm>
#include <iterator>

#include "rules/policy/policy.hpp"
#include "rules/sets/network_set.hpp"
#include "rules/text/text_key.hpp"

namespace octroi {
namespace {

// A rule that asks for a network wider than this is a candidate for every address: listing it at
// every narrower network inside would cost more than it saves.
constexpr unsigned widest_listed_v4 = 4;
constexpr unsigned widest_listed_v6 = 12;

bool is_wide(const Network& network) {
    return network.prefix_length() < (network.is_v4() ? widest_listed_v4 : widest_listed_v6);
}

std::uint64_t bit(std::size_t index) {
    return std::uint64_t{1} << index % 64;
}

// The condition under which a rule stands: of those that ask for something, the one that fewest
// flows fulfil.
enum class Pivot : std::uint8_t {
    none,
    name,
    address,
    client,
    application,
    protocol,
    port,
    service,
    zone
};

// Services that stand for most of the catalogue (`not`) tell nothing.
constexpr std::size_t most_telling_services = 64;

Pivot pivot_of(const When& when) {
    const auto asks = [](const auto& condition) { return condition && !condition->negated; };
    const auto networks = [&](const auto& condition) {
        return asks(condition) && std::ranges::none_of(condition->values.list, is_wide);
    };
    if (asks(when.name))
        return Pivot::name;
    if (networks(when.address))
        return Pivot::address;
    if (networks(when.client))
        return Pivot::client;
    if (asks(when.application))
        return Pivot::application;
    if (when.services && when.services->count() <= most_telling_services)
        return Pivot::service;
    if (asks(when.protocol))
        return Pivot::protocol;
    if (asks(when.port))
        return Pivot::port;
    return asks(when.zone) ? Pivot::zone : Pivot::none;
}

// Ways through the values that a condition names: each calls `add` with the entry of every value.
auto each_bit(auto& table) {
    return [&table](const auto& set, auto add) {
        for (std::size_t i = 0; i < table.size(); ++i)
            if (set.test(i))
                add(table[i]);
    };
}

auto each_word(auto& table) {
    return [&table](const WordSet& set, auto add) {
        for (const std::string& word : set)
            add(table[word]);
    };
}

// The entry of `word`, or null.
auto entry_of(const auto& table, std::string_view word) {
    const auto found = table.find(text_key(word));
    return found == table.end() ? nullptr : &found->second;
}

template <typename Asking>
Asking united(const Asking& outer, const Asking& inner) {
    Asking both = inner;
    both.for_it.add(outer.for_it);
    both.against_it.add(outer.against_it);
    both.pivots.clear();
    std::ranges::set_union(outer.pivots, inner.pivots, std::back_inserter(both.pivots));
    return both;
}

}  // namespace

void RuleIndex::Sparse::add(std::size_t rule) {
    const auto word = static_cast<std::uint16_t>(rule / 64);
    const auto place =
        std::ranges::lower_bound(words_, word, {}, &std::pair<std::uint16_t, std::uint64_t>::first);
    if (place != words_.end() && place->first == word)
        place->second |= bit(rule);
    else
        words_.insert(place, {word, bit(rule)});
    summary_[word / 64] |= bit(word);
}

void RuleIndex::Sparse::add(const Sparse& other) {
    for (const auto& [word, bits] : other.words_)
        for (std::uint64_t left = bits; left != 0; left &= left - 1)
            add(std::size_t{word} * 64 + lowest(left));
}

std::uint64_t RuleIndex::Sparse::word(std::size_t index) const {
    if ((summary_[index / 64] & bit(index)) == 0)
        return 0;
    return std::ranges::lower_bound(words_, index, {},
                                    &std::pair<std::uint16_t, std::uint64_t>::first)
        ->second;
}

void RuleIndex::Dense::add(std::size_t rule) {
    const std::size_t word = rule / 64;
    if (words.size() <= word)
        words.resize(word + 1);
    words[word] |= bit(rule);
    summary[word / 64] |= bit(word);
}

// Rules come in order; one may ask for the same value twice.
void RuleIndex::Asking::add_pivot(std::size_t rule) {
    const auto number = static_cast<std::uint32_t>(rule);
    if (pivots.empty() || pivots.back() != number)
        pivots.push_back(number);
}

std::uint64_t RuleIndex::Slice::summary(std::size_t block) const {
    std::uint64_t bits = by_default->summary[block];
    for (const Asking* each : asking)
        bits |= each->for_it.summary()[block];
    return bits;
}

std::uint64_t RuleIndex::Slice::word(std::size_t index) const {
    std::uint64_t bits = index < by_default->words.size() ? by_default->words[index] : 0;
    for (const Asking* each : asking)
        bits &= ~each->against_it.word(index);
    for (const Asking* each : asking)
        bits |= each->for_it.word(index);
    return bits;
}

std::uint64_t RuleIndex::Slices::summary(std::size_t block) const {
    std::uint64_t bits = ~std::uint64_t{0};
    for (const Slice& slice : all)
        bits &= slice.summary(block);
    return bits;
}

std::uint64_t RuleIndex::Slices::word(std::size_t index) const {
    std::uint64_t bits = ~std::uint64_t{0};
    for (const Slice& slice : all)
        bits &= slice.word(index);
    return bits;
}

// Notes what `rule` asks of one condition; `each(add)` calls `add(asking)` for each of its values.
template <typename Values, typename Each>
void RuleIndex::index(Condition& condition, std::size_t rule, const Values& values, bool pivot,
                      Each each) {
    if (!values || values->negated)
        condition.by_default.add(rule);
    if (!values)
        return;
    condition.used = true;
    each(values->values, [&](Asking& asking) {
        (values->negated ? asking.against_it : asking.for_it).add(rule);
        if (pivot)
            asking.add_pivot(rule);
    });
}

template <typename Networks>
void RuleIndex::index_networks(Condition& condition, NetworkEntries& table, std::size_t rule,
                               const Networks& values, bool pivot) {
    index(condition, rule, values, pivot, [&](const auto& networks, auto add) {
        for (const Network& network : networks.list) {
            if (!is_wide(network)) {
                table.emplace_back(network, Asking());
                add(table.back().second);
            } else if (!values->negated) {
                condition.by_default.add(rule);
            }
        }
    });
}

// What the conditions on services leave together, negation included.
void RuleIndex::index_services(std::size_t rule, const std::optional<ServiceSet>& services,
                               bool pivot) {
    if (!services)
        return service_.by_default.add(rule);
    service_.used = true;
    for (std::size_t id = services->_Find_first(); id < services->size();
         id = services->_Find_next(id)) {
        services_[id].for_it.add(rule);
        if (pivot)
            services_[id].add_pivot(rule);
    }
}

void RuleIndex::index_flag(Condition& condition, Flag& table, std::size_t rule,
                           std::optional<bool> wanted) {
    if (!wanted)
        return condition.by_default.add(rule);
    condition.used = true;
    table[*wanted ? 1 : 0].for_it.add(rule);
}

void RuleIndex::index_rule(std::size_t number, const When& when) {
    const Pivot pivot = pivot_of(when);
    all_.add(number);
    if (pivot == Pivot::none)
        unpivoted_.push_back(static_cast<std::uint32_t>(number));
    index(zone_, number, when.zone, pivot == Pivot::zone, each_bit(zones_));
    index_networks(client_, client_networks_, number, when.client, pivot == Pivot::client);
    index_networks(address_, address_networks_, number, when.address, pivot == Pivot::address);
    index(name_, number, when.name, pivot == Pivot::name, [&](const NameSet& names, auto add) {
        each_word(domains_)(names.domains, add);
        each_word(exact_names_)(names.exact, add);
    });
    index_services(number, when.services, pivot == Pivot::service);
    index(transport_, number, when.transport, false, each_bit(transports_));
    index(strength_, number, when.strength, false, each_bit(strengths_));
    index(protocol_, number, when.protocol, pivot == Pivot::protocol, each_word(protocols_));
    index(application_, number, when.application, pivot == Pivot::application,
          each_word(applications_));
    index(port_, number, when.port, false, [&](const std::vector<PortRange>& ranges, auto) {
        for (const PortRange range : ranges)
            port_claims_.push_back({.range = range,
                                    .rule = number,
                                    .negated = when.port->negated,
                                    .pivot = pivot == Pivot::port});
    });
    index_flag(ech_, echs_, number, when.ech);
    index_flag(unclassified_, unclassifieds_, number, when.unclassified);
}

// Ports with the same rules form one class.
void RuleIndex::index_ports() {
    if (!port_.used)
        return;
    std::vector<std::uint32_t> starts = {0};
    for (const PortClaim& claim : port_claims_) {
        starts.push_back(claim.range.first);
        starts.push_back(claim.range.last + std::uint32_t{1});
    }
    std::ranges::sort(starts);
    starts.erase(std::ranges::unique(starts).begin(), starts.end());
    ports_.resize(starts.size());
    const auto class_of = [&](std::uint32_t port) {
        return static_cast<std::size_t>(std::ranges::upper_bound(starts, port) - starts.begin()) -
               1;
    };
    for (const PortClaim& claim : port_claims_)
        for (std::size_t i = class_of(claim.range.first); i <= class_of(claim.range.last); ++i) {
            (claim.negated ? ports_[i].against_it : ports_[i].for_it).add(claim.rule);
            if (claim.pivot)
                ports_[i].add_pivot(claim.rule);
        }
    port_classes_.resize(65536);
    for (std::uint32_t port = 0; port < port_classes_.size(); ++port)
        port_classes_[port] = static_cast<std::uint16_t>(class_of(port));
    port_claims_ = {};
}

RuleIndex::RuleIndex(const std::vector<Rule>& rules, const std::vector<bool>& active)
    : zones_(max_zones), services_(max_service_id + 1UL) {
    for (std::size_t i = 0; i < rules.size(); ++i)
        if (active[i])
            index_rule(i, rules[i].when);
    clients_ = PrefixMap<Asking>(std::move(client_networks_), united<Asking>);
    addresses_ = PrefixMap<Asking>(std::move(address_networks_), united<Asking>);
    index_ports();
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): a line or two for each condition
RuleIndex::Slices RuleIndex::slices_of(const Facts& facts) const {
    Slices slices;
    slices.all.emplace_back().by_default = &all_;
    // A condition that no rule has, or whose fact is not known yet, leaves all rules.
    const auto ask = [&](const Condition& condition, bool known, auto collect) {
        if (!condition.used)
            return;
        if (!known) {
            slices.complete = false;
            return;
        }
        Slice& slice = slices.all.emplace_back();
        slice.by_default = &condition.by_default;
        collect(slice.asking);
    };
    const auto one = [](const Asking* asking) {
        return [asking](auto& found) {
            if (asking != nullptr)
                found.push_back(asking);
        };
    };
    ask(zone_, true, [&](auto& found) {
        const ZoneSet zones = facts.zones | facts.open_zones;
        for (std::size_t i = zones._Find_first(); i < zones.size(); i = zones._Find_next(i))
            found.push_back(&zones_[i]);
    });
    ask(client_, true, one(clients_.find(facts.client)));
    ask(address_, facts.server_known, [&](auto& found) {
        one(addresses_.find(facts.server))(found);
        if (facts.server_inside)
            one(addresses_.find(*facts.server_inside))(found);
    });
    ask(name_, facts.name_known, [&](auto& found) {
        if (const Asking* exact = entry_of(exact_names_, facts.name))
            found.push_back(exact);
        for (std::string_view name = facts.name; !name.empty(); name = parent_domain(name))
            if (const Asking* domain = entry_of(domains_, name))
                found.push_back(domain);
    });
    ask(port_, facts.server_known, one(port_.used ? &ports_[port_classes_[facts.port]] : nullptr));
    ask(transport_, facts.server_known,
        one(&transports_[static_cast<std::size_t>(facts.transport)]));
    ask(service_, facts.service_known, one(&services_[facts.service]));
    ask(strength_, facts.service_known, one(&strengths_[static_cast<std::size_t>(facts.strength)]));
    ask(protocol_, facts.protocol_known, one(entry_of(protocols_, facts.protocol)));
    ask(application_, facts.application_known, one(entry_of(applications_, facts.application)));
    ask(ech_, facts.name_known, one(&echs_[facts.ech ? 1 : 0]));
    ask(unclassified_, facts.classified_known, one(&unclassifieds_[facts.unclassified ? 1 : 0]));
    return slices;
}

}  // namespace octroi
