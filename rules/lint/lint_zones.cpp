#include <algorithm>

#include <fmt/format.h>

#include "rules/lint/header_box.hpp"
#include "rules/lint/lint.hpp"

namespace octroi {
namespace {

// A network that lies in both zones, as one of them writes it.
std::string common_network(const Zone& a, const Zone& b) {
    for (const Network& one : a.networks)
        for (const Network& other : b.networks) {
            if (one.contains(other.first()))
                return to_string(other);
            if (other.contains(one.first()))
                return to_string(one);
        }
    return "";
}

// A pilot inside a region is how rollouts are written. The same networks twice, or a part of one
// zone in another, is mostly a network that moved and was left where it was.
void look_at_zones(const Zone& before, const IntervalSet<Address>& earlier, const Zone& zone,
                   const IntervalSet<Address>& own, std::vector<Finding>& findings) {
    const bool same = own == earlier;
    const bool nested = (own - earlier).empty() || (earlier - own).empty();
    if ((own & earlier).empty() || (nested && !same))
        return;
    const std::string how =
        same ? "have the same networks"
             : fmt::format("overlap in part: {} is in both", common_network(before, zone));
    findings.push_back(
        {.code = Code::overlapping_zones,
         .file = zone.file,
         .position = zone.position,
         .text = fmt::format("the zones `{}` and `{}` {}", before.name, zone.name, how),
         .hint = "a client of both is in both: leave its network in one of them, or "
                 "put one zone wholly inside the other"});
}

void nothing_inside(std::string_view what, const std::string& name, const std::string& file,
                    Position position, std::vector<Finding>& findings) {
    findings.push_back({.code = Code::nothing_inside,
                        .file = file,
                        .position = position,
                        .text = fmt::format("the {} `{}` has nothing inside", what, name),
                        .hint = "what refers to it matches nobody, or with `not` everybody"});
}

bool is_empty(const Networks& networks) {
    return networks.list.empty();
}

bool is_empty(const NameSet& names) {
    return names.domains.empty() && names.exact.empty();
}

// A condition that excludes nothing; one that asks for nothing is never fulfilled.
void look_at_conditions(const Rule& rule, std::vector<Finding>& findings) {
    const auto look_at = [&](std::string_view condition, const auto& values) {
        if (!values || !values->negated || !is_empty(values->values))
            return;
        findings.push_back(
            {.code = Code::nothing_inside,
             .file = rule.file,
             .position = rule.position,
             .text = fmt::format("`{}` of `{}` excludes nothing: its lists have nothing for it",
                                 condition, rule.name),
             .hint = "fill the list, or leave the condition out"});
    };
    look_at("name", rule.when.name);
    look_at("client", rule.when.client);
    look_at("address", rule.when.address);
}

}  // namespace

void lint_zones(const Policy& policy, std::vector<Finding>& findings) {
    const std::vector<Zone>& zones = policy.zones();
    std::vector<IntervalSet<Address>> spans;
    for (std::size_t i = 0; i < zones.size(); ++i) {
        spans.push_back(addresses(zones[i].networks));
        if (zones[i].networks.empty() && zones[i].interfaces.empty())
            nothing_inside("zone", zones[i].name, zones[i].file, zones[i].position, findings);
        for (std::size_t earlier = 0; earlier < i; ++earlier)
            look_at_zones(zones[earlier], spans[earlier], zones[i], spans[i], findings);
    }
    for (const EmptyList& list : policy.parts().empty_lists)
        nothing_inside("list", list.name, list.file, list.position, findings);
    for (const Rule& rule : policy.rules())
        look_at_conditions(rule, findings);
}

}  // namespace octroi
