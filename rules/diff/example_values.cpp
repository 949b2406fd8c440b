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

// Collects the values of one aspect.
class Collector {
  public:
    explicit Collector(ExampleValues& values) : values_(values) {}

    void add(ExampleFlow sample, Numbers asked_by) {
        const ServiceId service = sample.service.value_or(no_service);
        if (!known_.emplace(asked_by, service).second)
            return;
        values_.samples.push_back(std::move(sample));
        values_.asked_by.push_back(std::move(asked_by));
    }

  private:
    ExampleValues& values_;
    std::set<std::pair<Numbers, ServiceId>> known_;
};

template <typename Set>
void note(ExampleValues& values, Number rule, const std::optional<Condition<Set>>& condition) {
    if (condition)
        values.negated.emplace(rule, condition->negated);
}

ExampleFlow detailed(std::string_view condition, std::string value) {
    ExampleFlow example;
    example.details.emplace_back(condition, std::move(value));
    return example;
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

ExampleFlow named(const std::string& name, const Catalogue& catalogue) {
    if (name.empty())
        return {};
    ExampleFlow example = detailed("name", name);
    example.name = name;
    const Service* owner = catalogue.find_domain(name);
    example.service = owner == nullptr ? no_service : owner->id;
    return example;
}

class SideCollector {
  public:
    SideCollector(const RulePairs& rules, const Catalogue& catalogue)
        : rules_(rules), catalogue_(catalogue) {}

    ExampleValuesByAspect collect() {
        for_each_rule([&](Number rule, const When& when) { note_conditions(rule, when); });
        collect_names();
        collect_servers();
        collect_ports();
        collect_transports();
        collect_words(protocol_aspect, "protocol", "TLS", &When::protocol, &ExampleFlow::protocol);
        collect_words(application_aspect, "application", "", &When::application,
                      &ExampleFlow::application);
        collect_strengths();
        collect_flags();
        return std::move(aspects_);
    }

  private:
    void note_conditions(Number rule, const When& when) {
        note(aspects_[name_aspect], rule, when.name);
        note(aspects_[server_aspect], rule, when.address);
        note(aspects_[port_aspect], rule, when.port);
        note(aspects_[transport_aspect], rule, when.transport);
        note(aspects_[protocol_aspect], rule, when.protocol);
        note(aspects_[application_aspect], rule, when.application);
        note(aspects_[strength_aspect], rule, when.strength);
        if (when.ech)
            aspects_[ech_aspect].negated.emplace(rule, false);
    }

    void collect_names();
    void collect_servers();
    void collect_ports();
    void collect_transports();
    void collect_words(FlowAspect aspect, std::string_view condition, std::string_view ordinary,
                       std::optional<Condition<WordSet>> When::* asked,
                       std::string ExampleFlow::* place);
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
    ExampleValuesByAspect aspects_;
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
    Collector collector(aspects_[name_aspect]);
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
    Collector collector(aspects_[server_aspect]);
    for (const Address& address : candidates) {
        const bool first = aspects_[server_aspect].samples.empty();
        ExampleFlow example = first ? ExampleFlow() : detailed("address", to_string(address));
        example.server = address;
        if (const Service* owner = first ? nullptr : catalogue_.find_address(address))
            example.service = owner->id;
        collector.add(std::move(example), networks.naming(address));
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
    Collector collector(aspects_[port_aspect]);
    for (const std::uint32_t start : starts) {
        if (start > UINT16_MAX)
            continue;
        const auto port = static_cast<std::uint16_t>(start);
        ExampleFlow example =
            port == https ? ExampleFlow() : detailed("port", std::to_string(port));
        example.port = port;
        collector.add(std::move(example), asking([&](const When& when) {
                          return when.port &&
                                 std::ranges::any_of(when.port->values, [&](PortRange range) {
                                     return range.contains(port);
                                 });
                      }));
    }
}

void SideCollector::collect_transports() {
    Collector collector(aspects_[transport_aspect]);
    for (std::size_t i = 0; i < transport_names.size(); ++i) {
        ExampleFlow example =
            i == 0 ? ExampleFlow() : detailed("transport", std::string(transport_names[i]));
        example.transport = static_cast<Transport>(i);
        collector.add(std::move(example), asking([&](const When& when) {
                          return when.transport && when.transport->values.test(i);
                      }));
    }
}

void SideCollector::collect_words(FlowAspect aspect, std::string_view condition,
                                  std::string_view ordinary,
                                  std::optional<Condition<WordSet>> When::* asked,
                                  std::string ExampleFlow::* place) {
    std::vector<std::string> words = {std::string(ordinary), ""};
    for_each_rule([&](Number, const When& when) {
        if (when.*asked)
            words.insert(words.end(), (when.*asked)->values.begin(), (when.*asked)->values.end());
    });
    std::sort(words.begin() + 1, words.end());
    Collector collector(aspects_[aspect]);
    for (const std::string& word : words) {
        ExampleFlow example =
            word == ordinary ? ExampleFlow() : detailed(condition, word.empty() ? "unknown" : word);
        example.*place = word;
        collector.add(std::move(example), asking([&](const When& when) {
                          return when.*asked && (when.*asked)->values.contains(word);
                      }));
    }
}

void SideCollector::collect_strengths() {
    Collector collector(aspects_[strength_aspect]);
    std::vector<Strength> strengths = {Strength::observed};
    for (std::size_t i = 0; i < strength_count; ++i)
        strengths.push_back(static_cast<Strength>(i));
    for (const Strength strength : strengths) {
        ExampleFlow example = strength == Strength::observed
                                  ? ExampleFlow()
                                  : detailed("strength", std::string(to_string(strength)));
        example.strength = strength;
        collector.add(std::move(example), asking([&](const When& when) {
                          return when.strength &&
                                 when.strength->values.test(static_cast<std::size_t>(strength));
                      }));
    }
}

// An encrypted ClientHello, and a service by its name alone that asks for its address as well.
void SideCollector::collect_flags() {
    Collector hellos(aspects_[ech_aspect]);
    for (const bool value : {false, true}) {
        ExampleFlow example = value ? detailed("ech", "true") : ExampleFlow();
        example.ech = value;
        hellos.add(std::move(example), asking([&](const When& when) { return when.ech == value; }));
    }
    ExampleValues& verified = aspects_[verified_aspect];
    verified.samples.emplace_back();
    verified.asked_by.emplace_back();
    if (std::ranges::none_of(catalogue_.services(), &Service::verify_addresses))
        return;
    ExampleFlow example = detailed("address", "not its own");
    example.verified = false;
    verified.samples.push_back(std::move(example));
    verified.asked_by.emplace_back();
}

}  // namespace

bool ExampleValues::allows(std::uint32_t rule, std::size_t value) const {
    const auto asks = negated.find(rule);
    return asks == negated.end() ||
           std::ranges::binary_search(asked_by[value], rule) != asks->second;
}

ExampleValuesByAspect example_values(const RulePairs& rules, const Catalogue& catalogue) {
    return SideCollector(rules, catalogue).collect();
}

}  // namespace octroi
