#include "rules/policy/policy_conditions.hpp"

#include <algorithm>
#include <set>

#include "classifiers/clear/ndpi.hpp"
#include "classifiers/inspection/findings.hpp"
#include "rules/policy/policy_lists.hpp"

namespace octroi {
namespace {

// The values of a condition: one, a list, or `{not: ...}`.
struct Values {
    std::vector<const yaml::Node*> nodes;
    bool negated = false;
};

std::optional<Values> read_values(Report& report, const yaml::Node* node) {
    if (node == nullptr)
        return std::nullopt;
    Values values;
    if (node->kind == yaml::Kind::map) {
        Fields fields(report, *node, "a negated condition");
        const yaml::Node* negated = fields.required("not");
        fields.finish();
        if (negated == nullptr)
            return std::nullopt;
        node = negated;
        values.negated = true;
    }
    values.nodes = elements(node);
    if (values.nodes.empty()) {
        report.error(Code::bad_value, node->position, "an empty list matches nothing",
                     "leave the condition out, or name a value");
        return std::nullopt;
    }
    return values;
}

// A condition whose set `add` fills, value by value.
template <typename Set, typename Add>
std::optional<Condition<Set>> read_condition(Report& report, const yaml::Node* node, Add add) {
    const auto values = read_values(report, node);
    if (!values)
        return std::nullopt;
    Condition<Set> condition{.values = {}, .negated = values->negated};
    for (const yaml::Node* value : values->nodes)
        add(condition.values, value);
    return condition;
}

// A condition on numbered words: the position of each in `known` is set.
template <typename Set>
std::optional<Condition<Set>> read_words(Report& report, const yaml::Node* node, Code code,
                                         std::string_view what,
                                         const std::vector<std::string_view>& known) {
    return read_condition<Set>(report, node, [&](Set& set, const yaml::Node* value) {
        if (const auto position = read_word(report, value, code, what, known))
            set.set(*position);
    });
}

// `$name` stands for a list of the policy. A null result is no reference, or one that was reported.
const List* find_list(Report& report, const yaml::Node* value, const Lists& lists) {
    if (value->kind != yaml::Kind::scalar || !value->scalar.starts_with('$'))
        return nullptr;
    const auto found = lists.find(value->scalar.substr(1));
    if (found != lists.end())
        return &found->second;
    std::vector<std::string_view> names;
    for (const auto& [name, list] : lists)
        names.push_back(name);
    yaml::Node bare = *value;
    bare.scalar.erase(0, 1);
    static_cast<void>(read_word(report, &bare, Code::unknown_list, "a list of this policy", names));
    static const List nothing;
    return &nothing;
}

std::optional<Condition<NameSet>> read_names(Report& report, const yaml::Node* node,
                                             const Lists& lists) {
    return read_condition<NameSet>(report, node, [&](NameSet& set, const yaml::Node* value) {
        if (const List* list = find_list(report, value, lists)) {
            set.domains.insert(list->names.domains.begin(), list->names.domains.end());
            set.exact.insert(list->names.exact.begin(), list->names.exact.end());
            return;
        }
        add_name(report, *value, set);
    });
}

std::optional<Condition<std::vector<PortRange>>> read_port_ranges(Report& report,
                                                                  const yaml::Node* node) {
    return read_condition<std::vector<PortRange>>(
        report, node, [&](auto& ranges, const yaml::Node* value) {
            if (const auto range = read_ports(report, value))
                ranges.push_back(*range);
        });
}

// nDPI's names, and what octroi sees that nDPI has no name for.
const std::vector<std::string>& applications() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all = Ndpi::known_names();
        all.emplace_back(webrtc_call);
        return all;
    }();
    return names;
}

// Protocols and applications by nDPI's names, which octroi's own parsers use as well.
std::optional<Condition<WordSet>> read_ndpi_names(Report& report, const yaml::Node* node,
                                                  std::string_view what,
                                                  const std::vector<std::string>& names) {
    if (node == nullptr)
        return std::nullopt;
    const auto known = words(names);
    return read_condition<WordSet>(report, node, [&](WordSet& set, const yaml::Node* value) {
        if (const auto position = read_word(report, value, Code::bad_value, what, known))
            set.insert(names[*position]);
    });
}

// The services that a rule's `service`, `category`, `vendor` and `jurisdiction` leave. A flow
// without a service is in no category: `not` is true for it.
class ServiceConditions {
  public:
    ServiceConditions(Report& report, const Catalogue& catalogue)
        : report_(report), catalogue_(catalogue) {}

    // `word_of` gives a service's own word for the condition.
    template <typename WordOf>
    void restrict(const yaml::Node* node, Code code, std::string_view what, WordOf word_of) {
        const auto values = read_values(report_, node);
        if (!values)
            return;
        std::set<std::string_view> known;
        for (const Service& service : catalogue_.services())
            known.insert(word_of(service));
        std::set<std::string_view> wanted;
        for (const yaml::Node* value : values->nodes) {
            if (!read_word(report_, value, code, what, words(known)))
                return;
            wanted.insert(value->scalar);
        }
        ServiceSet named;
        named.set(no_service, values->negated);
        for (const Service& service : catalogue_.services())
            named.set(service.id, wanted.contains(word_of(service)) != values->negated);
        left_ = left_ ? *left_ & named : named;
        if (left_->none())
            report_.error(Code::bad_value, node->position,
                          "no service fulfils all conditions of this rule",
                          "`octroi catalogue list` shows each service's category and jurisdiction");
    }

    [[nodiscard]] const std::optional<ServiceSet>& left() const { return left_; }

  private:
    Report& report_;
    const Catalogue& catalogue_;
    std::optional<ServiceSet> left_;
};

std::optional<ServiceSet> read_services(Report& report, Fields& fields,
                                        const Catalogue& catalogue) {
    ServiceConditions services(report, catalogue);
    services.restrict(fields.optional("service"), Code::unknown_service,
                      "a service of the catalogue",
                      [](const Service& service) { return std::string_view(service.name); });
    services.restrict(fields.optional("category"), Code::bad_value,
                      "a category of any service in the catalogue",
                      [](const Service& service) { return to_string(service.category); });
    services.restrict(fields.optional("vendor"), Code::bad_value,
                      "a vendor of any service in the catalogue",
                      [](const Service& service) { return std::string_view(service.vendor); });
    services.restrict(fields.optional("jurisdiction"), Code::bad_value,
                      "a jurisdiction of any service in the catalogue", [](const Service& service) {
                          return std::string_view(service.jurisdiction);
                      });
    return services.left();
}

}  // namespace

std::optional<Condition<Networks>> read_networks(Report& report, const yaml::Node* node,
                                                 const Lists& lists) {
    auto condition =
        read_condition<Networks>(report, node, [&](Networks& networks, const yaml::Node* value) {
            if (const List* list = find_list(report, value, lists))
                networks.list.insert(networks.list.end(), list->networks.begin(),
                                     list->networks.end());
            else if (const auto network = read_network(report, value))
                networks.list.push_back(*network);
        });
    if (condition)
        condition->values.index();
    return condition;
}

When read_when(Report& report, const yaml::Node* node, const ConditionContext& context) {
    When when;
    if (node == nullptr)
        return when;
    std::vector<std::string_view> zones;
    for (const Zone& zone : context.zones)
        zones.push_back(zone.name);
    std::vector<std::string_view> strengths;
    for (std::size_t i = 0; i < strength_count; ++i)
        strengths.push_back(to_string(static_cast<Strength>(i)));

    Fields fields(report, *node, "`when`");
    when.zone = read_words<ZoneSet>(report, fields.optional("zone"), Code::unknown_zone,
                                    "a zone of this policy", zones);
    when.client = read_networks(report, fields.optional("client"), context.lists);
    when.services = read_services(report, fields, context.catalogue);
    when.strength = read_words<StrengthSet>(report, fields.optional("strength"), Code::bad_value,
                                            "a strength", strengths);
    when.name = read_names(report, fields.optional("name"), context.lists);
    when.address = read_networks(report, fields.optional("address"), context.lists);
    when.port = read_port_ranges(report, fields.optional("port"));
    when.transport = read_words<TransportSet>(report, fields.optional("transport"), Code::bad_value,
                                              "a transport", words(transport_names));
    when.protocol = read_ndpi_names(report, fields.optional("protocol"), "a protocol of nDPI's",
                                    Ndpi::known_names());
    when.application = read_ndpi_names(report, fields.optional("application"),
                                       "an application of nDPI's, or webrtc-call", applications());
    when.ech = read_bool(report, fields.optional("ech"));
    when.unclassified = read_bool(report, fields.optional("unclassified"));
    fields.finish();
    return when;
}

}  // namespace octroi
