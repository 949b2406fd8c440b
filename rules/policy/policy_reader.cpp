#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "rules/policy/loader.hpp"
#include "rules/policy/policy_conditions.hpp"
#include "rules/policy/policy_times.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_listed_rules = 10'000;
constexpr std::size_t max_name = 64;
constexpr std::size_t max_includes = 1000;
constexpr std::size_t max_nat64_prefixes = 32;

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

// A file of the policy: the one that was named, or one of the folder that it includes.
struct Part {
    Report report;
    const yaml::Node* zones = nullptr;
    const yaml::Node* lists = nullptr;
    const yaml::Node* exemptions = nullptr;
    const yaml::Node* rules = nullptr;
};

// Zones and lists of all files come first: a rule may refer to any of them.
class PolicyReader {
  public:
    PolicyReader(const Report& report, const Catalogue& catalogue)
        : report_(report), catalogue_(catalogue) {}

    Policy::Parts read(const yaml::Document& document);

  private:
    static Part read_part(const Report& report, Fields& fields);
    void include(const yaml::Node* node, std::vector<Part>& parts);
    Policy::Defaults read_defaults(const yaml::Node* node);
    void read_exceptions(const yaml::Node* node, Policy::Parts& parts);
    Policy::Names read_dns_names(const yaml::Node* node);
    std::vector<Nat64Prefix> read_nat64(const yaml::Node* node);
    Networks read_resolvers(const yaml::Node* node);
    void read_zones(Part& part);
    static Zone read_zone(Report& report, const std::string& name, const yaml::Node& node);
    void read_rules(Part& part);
    void read_exemptions(Part& part);
    Rule begin_rule(Report& report, const yaml::Node& node, Fields& fields);
    Rule read_rule(Report& report, const yaml::Node& node);
    Rule read_exemption(Report& report, const yaml::Node& node);
    void add(Report& report, std::vector<Rule>& rules, Rule rule);

    Report report_;
    const Catalogue& catalogue_;
    Sha256 digest_;
    std::vector<yaml::DocumentPtr> included_;
    std::vector<Zone> zones_;
    Lists lists_;
    Policy::Defaults defaults_;
    std::set<std::string, std::less<>> names_;
    std::vector<Rule> exemptions_;
    std::vector<Rule> rules_;
};

Policy::Parts PolicyReader::read(const yaml::Document& document) {
    Policy::Parts parts;
    const yaml::Node& root = document.root;
    digest_.add(document.text);
    Fields fields(report_, root, "a policy");
    read_version(report_, fields.required("octroi"));
    defaults_ = read_defaults(fields.optional("defaults"));
    std::vector<Part> files = {read_part(report_, fields)};
    const yaml::Node* folder = fields.optional("include");
    if (files.front().rules == nullptr && folder == nullptr && root.kind == yaml::Kind::map)
        report_.error(Code::missing_key, root.position, "a policy needs `rules`");
    include(folder, files);
    read_exceptions(fields.optional("exceptions"), parts);
    parts.names = read_dns_names(fields.optional("names"));
    parts.nat64 = read_nat64(fields.optional("nat64"));
    const yaml::Node* resolvers = fields.optional("resolvers");
    fields.finish();
    for (Part& file : files) {
        read_zones(file);
        read_lists(file.report, file.lists, lists_, digest_);
    }
    parts.resolvers = read_resolvers(resolvers);
    for (Part& file : files) {
        read_exemptions(file);
        read_rules(file);
    }
    for (const auto& [name, list] : lists_)
        if (list.empty())
            parts.empty_lists.push_back(
                {.name = name, .file = list.file, .position = list.position});
    parts.defaults = defaults_;
    parts.zones = std::move(zones_);
    parts.rules = std::move(exemptions_);
    std::ranges::move(rules_, std::back_inserter(parts.rules));
    parts.file = report_.file();
    parts.sha256 = digest_.hex();
    return parts;
}

Part PolicyReader::read_part(const Report& report, Fields& fields) {
    return {.report = report,
            .zones = fields.optional("zones"),
            .lists = fields.optional("lists"),
            .exemptions = fields.optional("exemptions"),
            .rules = fields.optional("rules")};
}

// The files `*.yaml` of a folder beside the policy, in order of their names.
void PolicyReader::include(const yaml::Node* node, std::vector<Part>& parts) {
    const auto folder = read_text(report_, node);
    if (!folder)
        return;
    const auto path = std::filesystem::path(report_.file()).parent_path() / *folder;
    const auto files = yaml_files(path.string());
    if (!files || files->size() > max_includes) {
        const std::string problem =
            files ? fmt::format("it has more than {} files", max_includes) : files.error().text;
        return report_.error(Code::unreadable, node->position,
                             fmt::format("the folder {}: {}", path.string(), problem));
    }
    for (const std::string& file : *files) {
        auto document = yaml::load(file);
        if (!document) {
            report_.add(std::move(document.error()));
            continue;
        }
        digest_.add(document->text);
        included_.push_back(std::make_shared<const yaml::Document>(std::move(*document)));
        Report report = report_.about(*included_.back());
        Fields fields(report, included_.back()->root, "an included file");
        read_version(report, fields.required("octroi"));
        parts.push_back(read_part(report, fields));
        fields.finish();
    }
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
                                    words(mode_names)))
        defaults.mode = static_cast<Mode>(*mode);
    if (const auto believe = read_word(report_, fields.optional("believe"), Code::bad_value,
                                       "what is believed", words(believe_names)))
        defaults.believe = static_cast<Believe>(*believe);
    constexpr std::int64_t longest_grace = 24L * 60;
    defaults.midstream_grace = std::chrono::minutes(
        read_integer(report_, fields.optional("midstream_grace_minutes"), 0, longest_grace)
            .value_or(0));
    // A ClientHello must fit in.
    constexpr std::int64_t least_kib = 4;
    constexpr std::int64_t most_kib = 256;
    defaults.undecided_octets = static_cast<std::size_t>(
        1024 *
        read_integer(report_, fields.optional("undecided_kib"), least_kib, most_kib).value_or(0));
    const yaml::Node* zone = fields.optional("timezone");
    if (const auto name = read_text(report_, zone)) {
        if (const auto found = find_time_zone(*name)) {
            defaults.zone_name = *name;
            defaults.time_zone = *found;
        } else {
            report_.error(
                Code::bad_time, zone->position,
                fmt::format("`{}` is not a time zone of this system", *name),
                "a name of the tz database, `Europe/Paris` for example; it comes with the "
                "package tzdata");
        }
    }
    fields.finish();
    return defaults;
}

void PolicyReader::read_exceptions(const yaml::Node* node, Policy::Parts& parts) {
    // Where an administrator says nothing: an evasion is refused, and what can't be judged fares
    // like what no rule names.
    parts.exceptions = {defaults_.action, defaults_.action, Action::drop,
                        Action::drop,     Action::accept,   std::nullopt};
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

std::vector<Nat64Prefix> PolicyReader::read_nat64(const yaml::Node* node) {
    std::vector<Nat64Prefix> prefixes;
    const auto nodes = read_list(report_, node);
    if (nodes.size() > max_nat64_prefixes) {
        report_.error(Code::too_many, node->position,
                      fmt::format("more than {} prefixes", max_nat64_prefixes));
        return prefixes;
    }
    for (const yaml::Node* item : nodes) {
        const auto network = read_network(report_, item);
        if (!network)
            continue;
        if (const auto prefix = Nat64Prefix::of(*network))
            prefixes.push_back(*prefix);
        else
            report_.error(Code::bad_network, item->position,
                          fmt::format("`{}` is no prefix of NAT64", item->scalar),
                          "an IPv6 network of 32, 40, 48, 56, 64 or 96 bits (RFC 6052)");
    }
    return prefixes;
}

Networks PolicyReader::read_resolvers(const yaml::Node* node) {
    auto resolvers = read_networks(report_, node, lists_);
    if (resolvers && resolvers->negated)
        report_.error(Code::bad_value, node->position, "`resolvers` can't be `not`",
                      "the networks or addresses of the resolvers themselves");
    return resolvers ? std::move(resolvers->values) : Networks();
}

void PolicyReader::read_zones(Part& part) {
    const yaml::Node* node = part.zones;
    if (node == nullptr || node->kind == yaml::Kind::null)
        return;
    if (node->kind != yaml::Kind::map)
        return part.report.error(Code::wrong_type, node->position,
                                 "`zones` must be a map of `name: networks`");
    if (zones_.size() + node->keys.size() > max_zones)
        return part.report.error(Code::too_many, node->position,
                                 fmt::format("more than {} zones", max_zones));
    for (std::size_t i = 0; i < node->keys.size(); ++i) {
        Zone zone = read_zone(part.report, read_name(part.report, &node->keys[i]), node->values[i]);
        zone.position = node->keys[i].position;
        if (std::ranges::find(zones_, zone.name, &Zone::name) != zones_.end())
            part.report.error(Code::duplicate_name, node->keys[i].position,
                              fmt::format("a second zone is called `{}`", zone.name));
        zones_.push_back(std::move(zone));
    }
}

Zone PolicyReader::read_zone(Report& report, const std::string& name, const yaml::Node& node) {
    Zone zone{.name = name, .networks = {}, .interfaces = {}, .file = report.file()};
    const auto read_networks = [&](const yaml::Node* networks) {
        for (const yaml::Node* item : read_list(report, networks))
            if (const auto network = read_network(report, item))
                zone.networks.push_back(*network);
    };
    if (node.kind == yaml::Kind::sequence) {
        read_networks(&node);
        return zone;
    }
    Fields fields(report, node, "a zone");
    read_networks(fields.optional("networks"));
    for (const yaml::Node* interface : read_list(report, fields.optional("interfaces")))
        if (const auto text = read_text(report, interface))
            zone.interfaces.push_back(*text);
    fields.finish();
    return zone;
}

void PolicyReader::read_rules(Part& part) {
    const auto nodes = read_list(part.report, part.rules);
    if (rules_.size() + nodes.size() > max_listed_rules)
        return part.report.error(Code::too_many, part.rules->position,
                                 fmt::format("more than {} rules", max_listed_rules));
    for (const yaml::Node* node : nodes)
        add(part.report, rules_, read_rule(part.report, *node));
}

void PolicyReader::read_exemptions(Part& part) {
    const auto nodes = read_list(part.report, part.exemptions);
    if (exemptions_.size() + nodes.size() > max_rules - max_listed_rules)
        return part.report.error(
            Code::too_many, part.exemptions->position,
            fmt::format("more than {} exemptions", max_rules - max_listed_rules));
    for (const yaml::Node* node : nodes)
        add(part.report, exemptions_, read_exemption(part.report, *node));
}

// Rules and exemptions share their names.
void PolicyReader::add(Report& report, std::vector<Rule>& rules, Rule rule) {
    if (!rule.name.empty() && !names_.insert(rule.name).second)
        report.error(Code::duplicate_name, rule.position,
                     fmt::format("a second rule is called `{}`", rule.name),
                     "metrics and events tell rules apart by name: give this one another");
    rules.push_back(std::move(rule));
}

// What rules and exemptions have in common.
Rule PolicyReader::begin_rule(Report& report, const yaml::Node& node, Fields& fields) {
    Rule rule;
    rule.file = report.file();
    rule.position = node.position;
    rule.name = read_name(report, fields.required("name"));
    rule.when = read_when(report, fields.optional("when"),
                          {.catalogue = catalogue_, .zones = zones_, .lists = lists_});
    return rule;
}

Rule PolicyReader::read_rule(Report& report, const yaml::Node& node) {
    Fields fields(report, node, "a rule");
    Rule rule = begin_rule(report, node, fields);
    rule.then = static_cast<Action>(read_word(report, fields.required("then"), Code::bad_value,
                                              "an action", words(action_names))
                                        .value_or(0));
    rule.mode = defaults_.mode;
    const yaml::Node* mode = fields.optional("mode");
    if (const auto word = read_word(report, mode, Code::bad_value, "a mode", words(mode_names)))
        rule.mode = static_cast<Mode>(*word);
    const yaml::Node* rollout = fields.optional("rollout");
    rule.rollout = read_rollout(report, rollout, defaults_.time_zone, zones_);
    if (mode != nullptr && rollout != nullptr)
        report.error(Code::conflict, mode->position,
                     "`mode` and `rollout` both say whom the rule is enforced on",
                     "leave `mode` out: who is not reached by the rollout yet is monitored");
    rule.schedule = read_schedule(report, fields, defaults_.time_zone);
    rule.log = read_bool(report, fields.optional("log")).value_or(false);
    rule.reason = read_text(report, fields.optional("reason")).value_or("");
    fields.finish();
    return rule;
}

Rule PolicyReader::read_exemption(Report& report, const yaml::Node& node) {
    Fields fields(report, node, "an exemption");
    Rule rule = begin_rule(report, node, fields);
    rule.exemption = true;
    rule.then = Action::accept;
    rule.mode = Mode::enforce;
    static_cast<void>(fields.required("until"));
    rule.schedule = read_schedule(report, fields, defaults_.time_zone);
    rule.owner = read_text(report, fields.required("owner")).value_or("");
    rule.ticket = read_text(report, fields.required("ticket")).value_or("");
    rule.log = read_bool(report, fields.optional("log")).value_or(false);
    rule.reason = read_text(report, fields.optional("reason")).value_or("");
    fields.finish();
    return rule;
}

}  // namespace

std::optional<Policy> read_policy(const yaml::Document& document, const Catalogue& catalogue,
                                  std::vector<Finding>& findings) {
    const std::size_t before = findings.size();
    const Report report(document, findings);
    Policy::Parts parts = PolicyReader(report, catalogue).read(document);
    return findings.size() == before ? std::optional<Policy>(std::in_place, std::move(parts))
                                     : std::nullopt;
}

}  // namespace octroi
