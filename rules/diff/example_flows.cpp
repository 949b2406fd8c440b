#include "rules/diff/example_flows.hpp"

#include <algorithm>
#include <utility>

#include <absl/container/flat_hash_map.h>

#include "rules/diff/example_values.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_shapes = 20'000;
constexpr std::size_t max_work = 200'000'000;  // values looked at

using Number = std::uint32_t;                        // of a rule
using Choice = std::array<std::size_t, side_count>;  // for each side the index of a value

class Builder {
  public:
    Builder(const RulePairs& rules, const Catalogue& catalogue)
        : rules_(rules), sides_(flow_sides(rules, catalogue)) {
        for (Number rule = 0; rule < rules.all().size(); ++rule)
            asks_.push_back(std::ranges::any_of(
                sides_, [&](const SideValues& values) { return values.negated.contains(rule); }));
    }

    FlowShapes build(bool defaults_differ) {
        add({}, std::nullopt);
        const auto& entries = rules_.all();
        for (Number a = 0; a < entries.size(); ++a) {
            if (entries[a].changed())
                add_meeting(a, a);
            if (entries[a].changed() || entries[a].moved)
                for (Number b = 0; b < entries.size(); ++b)
                    if ((asks_[a] || asks_[b]) && RulePairs::may_differ(entries[a], entries[b]))
                        add_meeting(a, b);
        }
        for (std::size_t side = 0; defaults_differ && side < side_count; ++side)
            for (std::size_t i = 1; i < sides_[side].samples.size(); ++i) {
                Choice choice{};
                choice[side] = i;
                add(choice, std::nullopt);
            }
        return std::move(result_);
    }

  private:
    using Meeting = std::pair<Number, Number>;

    void add_meeting(Number one, Number other);
    void add(const Choice& choice, std::optional<Meeting> meeting);

    const RulePairs& rules_;
    FlowSides sides_;
    std::vector<bool> asks_;                          // by rule: for anything here
    absl::flat_hash_map<Choice, std::size_t> known_;  // its place among the shapes
    std::size_t work_ = 0;
    FlowShapes result_;
};

// Flows that both rules may match: each side as ordinary as they allow, then one side at a time
// through all that they allow.
void Builder::add_meeting(Number one, Number other) {
    Choice ordinary{};
    std::array<std::vector<std::size_t>, side_count> allowed;
    for (std::size_t side = 0; side < side_count; ++side) {
        const SideValues& values = sides_[side];
        if (!values.negated.contains(one) && !values.negated.contains(other))
            continue;
        work_ += values.samples.size();
        if (work_ > max_work) {
            result_.complete = false;
            return;
        }
        for (std::size_t i = 0; i < values.samples.size(); ++i)
            if (values.allows(one, i) && values.allows(other, i))
                allowed[side].push_back(i);
        if (allowed[side].empty())
            return;
        ordinary[side] = allowed[side].front();
    }
    add(ordinary, Meeting(one, other));
    for (std::size_t side = 0; side < side_count; ++side)
        for (const std::size_t value : allowed[side]) {
            Choice choice = ordinary;
            choice[side] = value;
            add(choice, Meeting(one, other));
        }
}

void Builder::add(const Choice& choice, std::optional<Meeting> meeting) {
    const auto [known, fresh] = known_.try_emplace(choice, result_.all.size());
    if (!fresh) {
        // Who is of interest in any case stays so.
        std::vector<Meeting>& meetings = result_.all[known->second].meetings;
        if (!meeting)
            meetings.clear();
        else if (!meetings.empty() && meetings.back() != *meeting)
            meetings.push_back(*meeting);
        return;
    }
    if (result_.all.size() >= max_shapes) {
        known_.erase(known);
        result_.complete = false;
        return;
    }
    const auto at = [&](FlowSide side) -> const FlowShape& {
        return sides_[side].samples[choice[side]];
    };
    FlowShape shape;
    shape.name = at(name_side).name;
    shape.server = at(server_side).server;
    shape.port = at(port_side).port;
    shape.transport = at(transport_side).transport;
    shape.protocol = at(protocol_side).protocol;
    shape.application = at(application_side).application;
    shape.strength = at(strength_side).strength;
    shape.ech = at(ech_side).ech;
    shape.verified = at(verified_side).verified;
    shape.service = at(server_side).service ? at(server_side).service : at(name_side).service;
    for (std::size_t side = 0; side < side_count; ++side)
        for (const auto& detail : sides_[side].samples[choice[side]].details)
            shape.details.push_back(detail);
    if (meeting)
        shape.meetings.push_back(*meeting);
    result_.all.push_back(std::move(shape));
}

}  // namespace

FlowShapes flow_shapes(const RulePairs& rules, const Catalogue& catalogue, bool defaults_differ) {
    return Builder(rules, catalogue).build(defaults_differ);
}

}  // namespace octroi
