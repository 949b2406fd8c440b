#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "rules/policy.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_rules = 10'000;
constexpr std::size_t max_name = 64;

std::vector<std::string_view> words(const auto& names) {
    return {names.begin(), names.end()};
}

std::string read_name(Report& report, const yaml::Node* node) {
    const auto text = read_text(report, node);
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    if (text && (text->empty() || text->size() > max_name || !std::ranges::all_of(*text, allowed)))
        report.error(Code::bad_value, node->position,
                     fmt::format("`{}` is not a name", text->substr(0, max_name)),
                     "letters, digits, `-`, `_` and `.`, 64 at most");
    return text.value_or("");
}

// The values of a condition: one, a list, or `{not: ...}`.
struct Values {
    std::vector<const yaml::Node*> nodes;
    bool negated = false;
};

class PolicyReader {
  public:
    PolicyReader(Report& report, const Catalogue& catalogue)
        : report_(report), catalogue_(catalogue) {}

    Policy::Parts read(const yaml::Node& root);

  private:
    Policy::Defaults read_defaults(const yaml::Node* node);
    void read_exceptions(const yaml::Node* node, Policy::Parts& parts);
    void read_zones(const yaml::Node* node);
    Zone read_zone(const std::string& name, const yaml::Node& node);
    void read_networks(const yaml::Node* node, Zone& zone);
    std::vector<Rule> read_rules(const yaml::Node* node);
    Rule read_rule(const yaml::Node& node, Mode default_mode);
    When read_when(const yaml::Node* node);
    std::optional<Values> read_values(const yaml::Node* node);
    std::optional<Condition<ZoneSet>> read_zone_condition(const yaml::Node* node);
    std::optional<Condition<PrefixMap<bool>>> read_network_condition(const yaml::Node* node);
    std::optional<Condition<NameSet>> read_name_condition(const yaml::Node* node);
    std::optional<Condition<std::vector<PortRange>>> read_port_condition(const yaml::Node* node);
    std::optional<Condition<TransportSet>> read_transport_condition(const yaml::Node* node);
    void restrict_services(const yaml::Node* node, When& when, const ServiceSet& named,
                           bool negated);
    void read_service_condition(const yaml::Node* node, When& when);
    void read_category_condition(const yaml::Node* node, When& when);
    void read_jurisdiction_condition(const yaml::Node* node, When& when);
    template <typename Belongs>
    ServiceSet services_where(Belongs belongs) const;

    Report& report_;
    const Catalogue& catalogue_;
    std::vector<Zone> zones_;
    Policy::Defaults defaults_;
};

Policy::Parts PolicyReader::read(const yaml::Node& root) {
    Policy::Parts parts;
    Fields fields(report_, root, "a policy");
    read_version(report_, fields.required("octroi"));
    defaults_ = read_defaults(fields.optional("defaults"));
    read_zones(fields.optional("zones"));
    parts.rules = read_rules(fields.required("rules"));
    parts.defaults = defaults_;
    read_exceptions(fields.optional("exceptions"), parts);
    fields.finish();
    parts.zones = std::move(zones_);
    parts.file = report_.file();
    return parts;
}

Policy::Defaults PolicyReader::read_defaults(const yaml::Node* node) {
    Policy::Defaults defaults;
    if (node == nullptr)
        return defaults;
    Fields fields(report_, *node, "`defaults`");
    if (const auto action = read_word(report_, fields.optional("action"), Code::bad_value,
                                      "an action", words(action_names)))
        defaults.action = static_cast<Action>(*action);
    if (const auto mode = read_word(report_, fields.optional("mode"), Code::bad_value, "a mode",
                                    {"enforce", "monitor"}))
        defaults.mode = static_cast<Mode>(*mode);
    fields.finish();
    return defaults;
}

void PolicyReader::read_exceptions(const yaml::Node* node, Policy::Parts& parts) {
    // Where an administrator says nothing: an evasion is refused, and what can't be judged fares
    // like what no rule names.
    parts.exceptions = {defaults_.action, defaults_.action, Action::drop, Action::drop,
                        Action::accept};
    if (node == nullptr)
        return;
    Fields fields(report_, *node, "`exceptions`");
    for (std::size_t i = 0; i < exception_names.size(); ++i)
        if (const auto action = read_word(report_, fields.optional(exception_names[i]),
                                          Code::bad_value, "an action", words(action_names)))
            parts.exceptions[i] = static_cast<Action>(*action);
    fields.finish();
}

void PolicyReader::read_zones(const yaml::Node* node) {
    if (node == nullptr || node->kind == yaml::Kind::null)
        return;
    if (node->kind != yaml::Kind::map)
        return report_.error(Code::wrong_type, node->position,
                             "`zones` must be a map of `name: networks`");
    if (node->keys.size() > max_zones)
        return report_.error(Code::too_many, node->position,
                             fmt::format("more than {} zones", max_zones));
    for (std::size_t i = 0; i < node->keys.size(); ++i)
        zones_.push_back(read_zone(read_name(report_, &node->keys[i]), node->values[i]));
}

Zone PolicyReader::read_zone(const std::string& name, const yaml::Node& node) {
    Zone zone{.name = name, .networks = {}, .interfaces = {}};
    if (node.kind == yaml::Kind::sequence) {
        read_networks(&node, zone);
        return zone;
    }
    Fields fields(report_, node, "a zone");
    read_networks(fields.optional("networks"), zone);
    for (const yaml::Node* interface : read_list(report_, fields.optional("interfaces")))
        if (const auto text = read_text(report_, interface))
            zone.interfaces.push_back(*text);
    fields.finish();
    return zone;
}

void PolicyReader::read_networks(const yaml::Node* node, Zone& zone) {
    for (const yaml::Node* item : read_list(report_, node))
        if (const auto network = read_network(report_, item))
            zone.networks.push_back(*network);
}

std::vector<Rule> PolicyReader::read_rules(const yaml::Node* node) {
    std::vector<Rule> rules;
    std::set<std::string, std::less<>> names;
    const auto nodes = read_list(report_, node);
    if (nodes.size() > max_rules) {
        report_.error(Code::too_many, node->position, fmt::format("more than {} rules", max_rules));
        return rules;
    }
    for (const yaml::Node* item : nodes) {
        Rule rule = read_rule(*item, defaults_.mode);
        if (!rule.name.empty() && !names.insert(rule.name).second)
            report_.error(Code::duplicate_name, item->position,
                          fmt::format("a second rule is called `{}`", rule.name),
                          "metrics and events tell rules apart by name: give this one another");
        rules.push_back(std::move(rule));
    }
    return rules;
}

Rule PolicyReader::read_rule(const yaml::Node& node, Mode default_mode) {
    Fields fields(report_, node, "a rule");
    Rule rule;
    rule.position = node.position;
    rule.name = read_name(report_, fields.required("name"));
    rule.when = read_when(fields.optional("when"));
    rule.then = static_cast<Action>(read_word(report_, fields.required("then"), Code::bad_value,
                                              "an action", words(action_names))
                                        .value_or(0));
    rule.mode = default_mode;
    if (const auto mode = read_word(report_, fields.optional("mode"), Code::bad_value, "a mode",
                                    {"enforce", "monitor"}))
        rule.mode = static_cast<Mode>(*mode);
    rule.reason = read_text(report_, fields.optional("reason")).value_or("");
    fields.finish();
    return rule;
}

When PolicyReader::read_when(const yaml::Node* node) {
    When when;
    if (node == nullptr)
        return when;
    Fields fields(report_, *node, "`when`");
    when.zone = read_zone_condition(fields.optional("zone"));
    when.client = read_network_condition(fields.optional("client"));
    read_service_condition(fields.optional("service"), when);
    read_category_condition(fields.optional("category"), when);
    read_jurisdiction_condition(fields.optional("jurisdiction"), when);
    when.name = read_name_condition(fields.optional("name"));
    when.address = read_network_condition(fields.optional("address"));
    when.port = read_port_condition(fields.optional("port"));
    when.transport = read_transport_condition(fields.optional("transport"));
    fields.finish();
    return when;
}

std::optional<Values> PolicyReader::read_values(const yaml::Node* node) {
    if (node == nullptr)
        return std::nullopt;
    Values values;
    if (node->kind == yaml::Kind::map) {
        Fields fields(report_, *node, "a negated condition");
        const yaml::Node* negated = fields.required("not");
        fields.finish();
        if (negated == nullptr)
            return std::nullopt;
        node = negated;
        values.negated = true;
    }
    values.nodes = elements(node);
    if (values.nodes.empty()) {
        report_.error(Code::bad_value, node->position, "an empty list matches nothing",
                      "leave the condition out, or name a value");
        return std::nullopt;
    }
    return values;
}

std::optional<Condition<ZoneSet>> PolicyReader::read_zone_condition(const yaml::Node* node) {
    const auto values = read_values(node);
    if (!values)
        return std::nullopt;
    std::vector<std::string_view> names;
    for (const Zone& zone : zones_)
        names.push_back(zone.name);
    Condition<ZoneSet> condition{.values = {}, .negated = values->negated};
    for (const yaml::Node* value : values->nodes)
        if (const auto zone =
                read_word(report_, value, Code::unknown_zone, "a zone of this policy", names))
            condition.values.set(*zone);
    return condition;
}

std::optional<Condition<PrefixMap<bool>>> PolicyReader::read_network_condition(
    const yaml::Node* node) {
    const auto values = read_values(node);
    if (!values)
        return std::nullopt;
    std::vector<PrefixMap<bool>::Entry> entries;
    for (const yaml::Node* value : values->nodes)
        if (const auto network = read_network(report_, value))
            entries.emplace_back(*network, true);
    return Condition<PrefixMap<bool>>{.values = PrefixMap<bool>(std::move(entries)),
                                      .negated = values->negated};
}

std::optional<Condition<NameSet>> PolicyReader::read_name_condition(const yaml::Node* node) {
    const auto values = read_values(node);
    if (!values)
        return std::nullopt;
    Condition<NameSet> condition{.values = {}, .negated = values->negated};
    for (const yaml::Node* value : values->nodes) {
        const bool exact = value->kind == yaml::Kind::scalar && value->scalar.starts_with('=');
        yaml::Node bare = *value;
        if (exact)
            bare.scalar.erase(0, 1);
        if (const auto domain = read_domain(report_, &bare))
            (exact ? condition.values.exact : condition.values.domains).insert(domain->text());
    }
    return condition;
}

std::optional<Condition<std::vector<PortRange>>> PolicyReader::read_port_condition(
    const yaml::Node* node) {
    const auto values = read_values(node);
    if (!values)
        return std::nullopt;
    Condition<std::vector<PortRange>> condition{.values = {}, .negated = values->negated};
    for (const yaml::Node* value : values->nodes)
        if (const auto ports = read_ports(report_, value))
            condition.values.push_back(*ports);
    return condition;
}

std::optional<Condition<TransportSet>> PolicyReader::read_transport_condition(
    const yaml::Node* node) {
    const auto values = read_values(node);
    if (!values)
        return std::nullopt;
    Condition<TransportSet> condition{.values = {}, .negated = values->negated};
    for (const yaml::Node* value : values->nodes)
        if (const auto transport =
                read_word(report_, value, Code::bad_value, "a transport", words(transport_names)))
            condition.values.set(*transport);
    return condition;
}

template <typename Belongs>
ServiceSet PolicyReader::services_where(Belongs belongs) const {
    ServiceSet set;
    for (const Service& service : catalogue_.services())
        if (belongs(service))
            set.set(service.id);
    return set;
}

// A flow without a service is in no category and no jurisdiction: `not` is true for it.
void PolicyReader::restrict_services(const yaml::Node* node, When& when, const ServiceSet& named,
                                     bool negated) {
    const ServiceSet wanted = negated ? ~named : named;
    when.services = when.services ? *when.services & wanted : wanted;
    if (when.services->none())
        report_.error(Code::bad_value, node->position,
                      "no service fulfils all conditions of this rule",
                      "`octroi catalogue list` shows each service's category and jurisdiction");
}

void PolicyReader::read_service_condition(const yaml::Node* node, When& when) {
    const auto values = read_values(node);
    if (!values)
        return;
    ServiceSet named;
    const auto names = catalogue_.names();
    bool sound = true;
    for (const yaml::Node* value : values->nodes) {
        const auto index =
            read_word(report_, value, Code::unknown_service, "a service of the catalogue", names);
        sound = sound && index;
        if (index)
            named.set(catalogue_.services()[*index].id);
    }
    if (sound)
        restrict_services(node, when, named, values->negated);
}

void PolicyReader::read_category_condition(const yaml::Node* node, When& when) {
    const auto values = read_values(node);
    if (!values)
        return;
    std::bitset<category_names.size()> wanted;
    for (const yaml::Node* value : values->nodes) {
        const auto index =
            read_word(report_, value, Code::bad_value, "a category", words(category_names));
        if (!index)
            return;
        wanted.set(*index);
    }
    const ServiceSet named = services_where([&](const Service& service) {
        return wanted.test(static_cast<std::size_t>(service.category));
    });
    restrict_services(node, when, named, values->negated);
}

void PolicyReader::read_jurisdiction_condition(const yaml::Node* node, When& when) {
    const auto values = read_values(node);
    if (!values)
        return;
    std::set<std::string_view> known;
    for (const Service& service : catalogue_.services())
        known.insert(service.jurisdiction);
    std::set<std::string> wanted;
    for (const yaml::Node* value : values->nodes) {
        if (!read_word(report_, value, Code::bad_value,
                       "a jurisdiction of any service in the catalogue", words(known)))
            return;
        wanted.insert(value->scalar);
    }
    const ServiceSet named = services_where(
        [&](const Service& service) { return wanted.contains(service.jurisdiction); });
    restrict_services(node, when, named, values->negated);
}

}  // namespace

std::optional<Policy> read_policy(const yaml::Document& document, const Catalogue& catalogue,
                                  std::vector<Finding>& findings) {
    const std::size_t before = findings.size();
    Report report(document, findings);
    Policy::Parts parts = PolicyReader(report, catalogue).read(document.root);
    return findings.size() == before ? std::optional<Policy>(std::in_place, std::move(parts))
                                     : std::nullopt;
}

}  // namespace octroi
