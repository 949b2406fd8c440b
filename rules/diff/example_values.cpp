#include "rules/diff/example_values.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "rules/sets/named_networks.hpp"
#include "rules/text/text_key.hpp"

namespace octroi {
namespace {

constexpr std::uint16_t https = 443;
constexpr std::size_t max_name_length = 253;

using Number = std::uint32_t;
using Numbers = std::vector<Number>;  // of rules, in order

// Collects the values of one side.
class Collector {
  public:
    explicit Collector(SideValues& values) : values_(values) {}

    void add(FlowShape sample, Numbers asked_by) {
        const ServiceId service = sample.service.value_or(no_service);
        if (!known_.emplace(asked_by, service).second)
            return;
        values_.samples.push_back(std::move(sample));
        values_.asked_by.push_back(std::move(asked_by));
    }

  private:
    SideValues& values_;
    std::set<std::pair<Numbers, ServiceId>> known_;
};

template <typename Set>
void note(SideValues& values, Number rule, const std::optional<Condition<Set>>& condition) {
    if (condition)
        values.negated.emplace(rule, condition->negated);
}

FlowShape detailed(std::string_view condition, std::string value) {
    FlowShape shape;
    shape.details.emplace_back(condition, std::move(value));
    return shape;
}

using RulesByName = absl::flat_hash_map<std::string, Numbers>;

// The rules whose domains or exact names hold `name`.
Numbers asking_for(std::string_view name, const RulesByName& domains, const RulesByName& exact) {
    Numbers asking;
    const auto take = [&](const RulesByName& table, std::string_view key) {
        if (const auto found = table.find(text_key(key)); found != table.end())
            asking.insert(asking.end(), found->second.begin(), found->second.end());
    };
    take(exact, name);
    for (std::string_view part = name; !part.empty(); part = parent_domain(part))
        take(domains, part);
    std::ranges::sort(asking);
    asking.erase(std::ranges::unique(asking).begin(), asking.end());
    return asking;
}

FlowShape named(const std::string& name, const Catalogue& catalogue) {
    if (name.empty())
        return {};
    FlowShape shape = detailed("name", name);
    shape.name = name;
    const Service* owner = catalogue.find_domain(name);
    shape.service = owner == nullptr ? no_service : owner->id;
    return shape;
}

class SideCollector {
  public:
    SideCollector(const RulePairs& rules, const Catalogue& catalogue)
        : rules_(rules), catalogue_(catalogue) {}

    FlowSides collect() {
        for_each_rule([&](Number rule, const When& when) { note_conditions(rule, when); });
        collect_names();
        collect_servers();
        collect_ports();
        collect_transports();
        collect_words(protocol_side, "protocol", "TLS", &When::protocol, &FlowShape::protocol);
        collect_words(application_side, "application", "", &When::application,
                      &FlowShape::application);
        collect_strengths();
        collect_flags();
        return std::move(sides_);
    }

  private:
    void note_conditions(Number rule, const When& when) {
        note(sides_[name_side], rule, when.name);
        note(sides_[server_side], rule, when.address);
        note(sides_[port_side], rule, when.port);
        note(sides_[transport_side], rule, when.transport);
        note(sides_[protocol_side], rule, when.protocol);
        note(sides_[application_side], rule, when.application);
        note(sides_[strength_side], rule, when.strength);
        if (when.ech)
            sides_[ech_side].negated.emplace(rule, false);
    }

    void collect_names();
    void collect_servers();
    void collect_ports();
    void collect_transports();
    void collect_words(FlowSide side, std::string_view condition, std::string_view ordinary,
                       std::optional<Condition<WordSet>> When::* asked,
                       std::string FlowShape::* place);
    void collect_strengths();
    void collect_flags();

    template <typename Each>
    void for_each_rule(Each each) const {
        for (Number i = 0; i < rules_.all().size(); ++i)
            each(i, rules_.all()[i].rule->when);
    }

    // The rules whose conditions ask for what `asks` looks for.
    template <typename Asks>
    [[nodiscard]] Numbers asking(Asks asks) const {
        Numbers numbers;
        for_each_rule([&](Number rule, const When& when) {
            if (asks(when))
                numbers.push_back(rule);
        });
        return numbers;
    }

    const RulePairs& rules_;
    const Catalogue& catalogue_;
    FlowSides sides_;
};

void SideCollector::collect_names() {
    RulesByName domains;
    RulesByName exact;
    std::vector<std::string> candidates = {""};
    for_each_rule([&](Number rule, const When& when) {
        if (!when.name)
            return;
        for (const std::string& name : when.name->values.domains) {
            domains[name].push_back(rule);
            candidates.push_back(name);
        }
        for (const std::string& name : when.name->values.exact) {
            exact[name].push_back(rule);
            candidates.push_back(name);
            candidates.push_back("www." + name);
        }
    });
    std::ranges::sort(candidates);
    if (candidates.size() > 1)
        for (const Service& service : catalogue_.services())
            for (const Domain& domain : service.domains)
                candidates.push_back(domain.text());
    Collector collector(sides_[name_side]);
    for (const std::string& name : candidates) {
        if (name.size() > max_name_length)
            continue;
        Numbers asking = asking_for(name, domains, exact);
        if (!asking.empty() || name.empty())
            collector.add(named(name, catalogue_), std::move(asking));
    }
}

void SideCollector::collect_servers() {
    std::vector<std::pair<Network, Number>> named;
    for_each_rule([&](Number rule, const When& when) {
        if (when.address)
            for (const Network& network : when.address->values.list)
                named.emplace_back(network, rule);
    });
    const bool any = !named.empty();
    const NamedNetworks networks(named);
    // The ordinary server is one that nobody names, where there is one.
    std::vector<Address> candidates;
    for (const char* text : {"203.0.113.1", "2001:db8::1"})
        // NOLINTNEXTLINE(bugprone-unchecked-optional-access)
        candidates.push_back(parse_address(text).value());
    std::ranges::move(networks.samples(), std::back_inserter(candidates));
    const auto unnamed = std::ranges::find_if(
        candidates, [&](const Address& each) { return networks.naming(each).empty(); });
    if (unnamed != candidates.end())
        std::iter_swap(candidates.begin(), unnamed);
    if (any)
        for (const Service& service : catalogue_.services())
            for (const Network& network : service.exclusive)
                if (!networks.naming(network.first()).empty())
                    candidates.push_back(network.first());
    Collector collector(sides_[server_side]);
    for (const Address& address : candidates) {
        const bool first = sides_[server_side].samples.empty();
        FlowShape shape = first ? FlowShape() : detailed("address", to_string(address));
        shape.server = address;
        if (const Service* owner = first ? nullptr : catalogue_.find_address(address))
            shape.service = owner->id;
        collector.add(std::move(shape), networks.naming(address));
    }
}

void SideCollector::collect_ports() {
    std::vector<std::uint32_t> starts = {https, 1};
    for_each_rule([&](Number, const When& when) {
        if (when.port)
            for (const PortRange range : when.port->values) {
                starts.push_back(range.first);
                starts.push_back(range.last + std::uint32_t{1});
            }
    });
    std::sort(starts.begin() + 1, starts.end());
    starts.erase(std::unique(starts.begin() + 1, starts.end()), starts.end());
    Collector collector(sides_[port_side]);
    for (const std::uint32_t start : starts) {
        if (start > UINT16_MAX)
            continue;
        const auto port = static_cast<std::uint16_t>(start);
        FlowShape shape = port == https ? FlowShape() : detailed("port", std::to_string(port));
        shape.port = port;
        collector.add(std::move(shape), asking([&](const When& when) {
                          return when.port &&
                                 std::ranges::any_of(when.port->values, [&](PortRange range) {
                                     return range.contains(port);
                                 });
                      }));
    }
}

void SideCollector::collect_transports() {
    Collector collector(sides_[transport_side]);
    for (std::size_t i = 0; i < transport_names.size(); ++i) {
        FlowShape shape =
            i == 0 ? FlowShape() : detailed("transport", std::string(transport_names[i]));
        shape.transport = static_cast<Transport>(i);
        collector.add(std::move(shape), asking([&](const When& when) {
                          return when.transport && when.transport->values.test(i);
                      }));
    }
}

void SideCollector::collect_words(FlowSide side, std::string_view condition,
                                  std::string_view ordinary,
                                  std::optional<Condition<WordSet>> When::* asked,
                                  std::string FlowShape::* place) {
    std::vector<std::string> words = {std::string(ordinary), ""};
    for_each_rule([&](Number, const When& when) {
        if (when.*asked)
            words.insert(words.end(), (when.*asked)->values.begin(), (when.*asked)->values.end());
    });
    std::sort(words.begin() + 1, words.end());
    Collector collector(sides_[side]);
    for (const std::string& word : words) {
        FlowShape shape =
            word == ordinary ? FlowShape() : detailed(condition, word.empty() ? "unknown" : word);
        shape.*place = word;
        collector.add(std::move(shape), asking([&](const When& when) {
                          return when.*asked && (when.*asked)->values.contains(word);
                      }));
    }
}

void SideCollector::collect_strengths() {
    Collector collector(sides_[strength_side]);
    std::vector<Strength> strengths = {Strength::observed};
    for (std::size_t i = 0; i < strength_count; ++i)
        strengths.push_back(static_cast<Strength>(i));
    for (const Strength strength : strengths) {
        FlowShape shape = strength == Strength::observed
                              ? FlowShape()
                              : detailed("strength", std::string(to_string(strength)));
        shape.strength = strength;
        collector.add(std::move(shape), asking([&](const When& when) {
                          return when.strength &&
                                 when.strength->values.test(static_cast<std::size_t>(strength));
                      }));
    }
}

// An encrypted ClientHello, and a service by its name alone that asks for its address as well.
void SideCollector::collect_flags() {
    Collector hellos(sides_[ech_side]);
    for (const bool value : {false, true}) {
        FlowShape shape = value ? detailed("ech", "true") : FlowShape();
        shape.ech = value;
        hellos.add(std::move(shape), asking([&](const When& when) { return when.ech == value; }));
    }
    SideValues& verified = sides_[verified_side];
    verified.samples.emplace_back();
    verified.asked_by.emplace_back();
    if (std::ranges::none_of(catalogue_.services(), &Service::verify_addresses))
        return;
    FlowShape shape = detailed("address", "not its own");
    shape.verified = false;
    verified.samples.push_back(std::move(shape));
    verified.asked_by.emplace_back();
}

}  // namespace

bool SideValues::allows(std::uint32_t rule, std::size_t value) const {
    const auto asks = negated.find(rule);
    return asks == negated.end() ||
           std::ranges::binary_search(asked_by[value], rule) != asks->second;
}

FlowSides flow_sides(const RulePairs& rules, const Catalogue& catalogue) {
    return SideCollector(rules, catalogue).collect();
}

}  // namespace octroi
