#include "rules/diff/example_flows.hpp"

#include <algorithm>
#include <utility>

#include <absl/container/flat_hash_map.h>

#include "rules/diff/example_values.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_examples = 20'000;
constexpr std::size_t max_work = 200'000'000;  // values looked at

using Number = std::uint32_t;                          // of a rule
using Choice = std::array<std::size_t, aspect_count>;  // for each aspect the index of a value

class Builder {
  public:
    Builder(const RulePairs& rules, const Catalogue& catalogue)
        : rules_(rules), aspects_(example_values(rules, catalogue)) {
        for (Number rule = 0; rule < rules.all().size(); ++rule)
            asks_.push_back(std::ranges::any_of(aspects_, [&](const ExampleValues& values) {
                return values.negated.contains(rule);
            }));
    }

    ExampleFlows build(bool defaults_differ) {
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
        for (std::size_t aspect = 0; defaults_differ && aspect < aspect_count; ++aspect)
            for (std::size_t i = 1; i < aspects_[aspect].samples.size(); ++i) {
                Choice choice{};
                choice[aspect] = i;
                add(choice, std::nullopt);
            }
        return std::move(result_);
    }

  private:
    using Meeting = std::pair<Number, Number>;

    void add_meeting(Number one, Number other);
    void add(const Choice& choice, std::optional<Meeting> meeting);

    const RulePairs& rules_;
    ExampleValuesByAspect aspects_;
    std::vector<bool> asks_;                          // by rule: for anything here
    absl::flat_hash_map<Choice, std::size_t> known_;  // its place among the examples
    std::size_t work_ = 0;
    ExampleFlows result_;
};

// Flows that both rules may match: each aspect as ordinary as they allow, then one aspect at a time
// through all that they allow.
void Builder::add_meeting(Number one, Number other) {
    Choice ordinary{};
    std::array<std::vector<std::size_t>, aspect_count> allowed;
    for (std::size_t aspect = 0; aspect < aspect_count; ++aspect) {
        const ExampleValues& values = aspects_[aspect];
        if (!values.negated.contains(one) && !values.negated.contains(other))
            continue;
        work_ += values.samples.size();
        if (work_ > max_work) {
            result_.complete = false;
            return;
        }
        for (std::size_t i = 0; i < values.samples.size(); ++i)
            if (values.allows(one, i) && values.allows(other, i))
                allowed[aspect].push_back(i);
        if (allowed[aspect].empty())
            return;
        ordinary[aspect] = allowed[aspect].front();
    }
    add(ordinary, Meeting(one, other));
    for (std::size_t aspect = 0; aspect < aspect_count; ++aspect)
        for (const std::size_t value : allowed[aspect]) {
            Choice choice = ordinary;
            choice[aspect] = value;
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
    if (result_.all.size() >= max_examples) {
        known_.erase(known);
        result_.complete = false;
        return;
    }
    const auto at = [&](FlowAspect aspect) -> const ExampleFlow& {
        return aspects_[aspect].samples[choice[aspect]];
    };
    ExampleFlow example;
    example.name = at(name_aspect).name;
    example.server = at(server_aspect).server;
    example.port = at(port_aspect).port;
    example.transport = at(transport_aspect).transport;
    example.protocol = at(protocol_aspect).protocol;
    example.application = at(application_aspect).application;
    example.strength = at(strength_aspect).strength;
    example.ech = at(ech_aspect).ech;
    example.verified = at(verified_aspect).verified;
    example.service =
        at(server_aspect).service ? at(server_aspect).service : at(name_aspect).service;
    for (std::size_t aspect = 0; aspect < aspect_count; ++aspect)
        for (const auto& detail : aspects_[aspect].samples[choice[aspect]].details)
            example.details.push_back(detail);
    if (meeting)
        example.meetings.push_back(*meeting);
    result_.all.push_back(std::move(example));
}

}  // namespace

ExampleFlows example_flows(const RulePairs& rules, const Catalogue& catalogue,
                           bool defaults_differ) {
    return Builder(rules, catalogue).build(defaults_differ);
}

}  // namespace octroi
