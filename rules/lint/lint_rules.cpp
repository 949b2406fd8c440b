#include <fmt/format.h>

#include "rules/lint/lint.hpp"
#include "rules/lint/shadowing.hpp"

namespace octroi {
namespace {

std::string place_of(const Rule& rule, const std::string& read_in) {
    return rule.file == read_in ? fmt::format("line {}", rule.position.line)
                                : fmt::format("{}:{}", rule.file, rule.position.line);
}

// "`a`", "`a` and `b`", "`a`, `b`, `c` and 4 more"
std::string names_of(const Policy& policy, const std::set<std::size_t>& rules) {
    constexpr std::size_t named = 3;
    std::string text;
    std::size_t count = 0;
    for (const std::size_t rule : rules) {
        const bool last = count + 1 == rules.size();
        if (count == named)
            return text + fmt::format(" and {} more", rules.size() - named);
        if (count != 0)
            text += last ? " and " : ", ";
        text += fmt::format("`{}`", policy.rules()[rule].name);
        ++count;
    }
    return text;
}

// Of which condition nothing is left, in the rule's own words.
std::string nothing_left(const Rule& rule, Property::Index property) {
    const When& when = rule.when;
    switch (property) {
        case Property::service:
            return "no service is left";
        case Property::client:
        case Property::interface:
            if (when.zone && when.client)
                return "no client is in its `zone` and in its `client` networks";
            return when.zone ? "no client is in its `zone`" : "`client` stands for no network";
        case Property::server:
            return "`address` stands for no network";
        case Property::name:
            return "`name` stands for no name";
        case Property::strength:
            return "`strength` leaves none";
        case Property::transport:
            return "`transport` leaves none";
        case Property::port:
            return "`port` leaves none";
        case Property::ech:
        case Property::unclassified:
        case Property::week_minute:
        case Property::moment:
        case Property::protocol:
        case Property::application:
        case Property::count:
            break;
    }
    return "they exclude each other";
}

Finding impossible(const Rule& rule, const Shadow& shadow) {
    const std::string why = shadow.empty == Property::count ? std::string(shadow.why)
                                                            : nothing_left(rule, shadow.empty);
    return {.code = Code::impossible_conditions,
            .file = rule.file,
            .position = rule.position,
            .text = fmt::format("no flow fulfils the conditions of `{}`: {}", rule.name, why),
            .hint = "correct the condition, or remove the rule"};
}

Finding shadowed(const Policy& policy, const Rule& rule, const Shadow& shadow) {
    const bool one = shadow.rules.size() == 1;
    const Rule& first = policy.rules()[*shadow.rules.begin()];
    return {.code = Code::never_decides,
            .file = rule.file,
            .position = rule.position,
            .text = fmt::format("`{}` never decides: {}{} {} all its flows first", rule.name,
                                one && first.exemption ? "the exemption " : "",
                                names_of(policy, shadow.rules), one ? "takes" : "together take"),
            .hint = fmt::format("remove it, or move it before `{}` ({})", first.name,
                                place_of(first, rule.file))};
}

}  // namespace

void lint_rules(const Policy& policy, const Catalogue& catalogue, std::vector<Finding>& findings) {
    Shadowing shadowing(policy, catalogue);
    for (std::size_t i = 0; i < policy.rules().size(); ++i) {
        const Rule& rule = policy.rules()[i];
        const auto shadow = shadowing.of(i);
        // What ended is told by its date.
        if (!shadow || shadow->empty == Property::moment)
            continue;
        findings.push_back(shadow->rules.empty() ? impossible(rule, *shadow)
                                                 : shadowed(policy, rule, *shadow));
    }
    if (shadowing.gave_up())
        findings.push_back(
            {.code = Code::not_examined,
             .file = policy.file(),
             .position = {},
             .text = "some rules were not looked at to the end: whether earlier ones take all "
                     "their flows would take too long to tell",
             .hint = "lists in place of many rules, and services in place of names, are looked at "
                     "faster"});
}

}  // namespace octroi
