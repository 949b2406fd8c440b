#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "rules/policy_conditions.hpp"

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

class PolicyReader {
  public:
    PolicyReader(Report& report, const Catalogue& catalogue)
        : report_(report), catalogue_(catalogue) {}

    Policy::Parts read(const yaml::Node& root);

  private:
    Policy::Defaults read_defaults(const yaml::Node* node);
    void read_exceptions(const yaml::Node* node, Policy::Parts& parts);
    Policy::Names read_dns_names(const yaml::Node* node);
    void read_zones(const yaml::Node* node);
    Zone read_zone(const std::string& name, const yaml::Node& node);
    void read_networks(const yaml::Node* node, Zone& zone);
    std::vector<Rule> read_rules(const yaml::Node* node);
    Rule read_rule(const yaml::Node& node, Mode default_mode);
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
    parts.names = read_dns_names(fields.optional("names"));
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

Policy::Names PolicyReader::read_dns_names(const yaml::Node* node) {
    Policy::Names names;
    if (node == nullptr)
        return names;
    Fields fields(report_, *node, "`names`");
    names.refuse = read_bool(report_, fields.optional("refuse")).value_or(false);
    names.strip_ech = read_bool(report_, fields.optional("strip_ech")).value_or(false);
    fields.finish();
    return names;
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
    rule.when =
        read_when(report_, fields.optional("when"), {.catalogue = catalogue_, .zones = zones_});
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
