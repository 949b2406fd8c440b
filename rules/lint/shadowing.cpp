#include "rules/lint/shadowing.hpp"

#include <algorithm>

namespace octroi {
namespace {

// Edges of sets handled: seconds at most, whatever a policy holds.
constexpr std::size_t most_spent = 20'000'000;
constexpr std::size_t most_boxes = 2000;  // for one rule

bool any_contains(const std::vector<HeaderBox>& boxes, const HeaderPoint& flow,
                  const HeaderBox*& found) {
    const auto box =
        std::ranges::find_if(boxes, [&](const HeaderBox& each) { return contains(each, flow); });
    found = box == boxes.end() ? nullptr : &*box;
    return found != nullptr;
}

void drop_empty(std::vector<HeaderBox>& boxes) {
    std::erase_if(boxes,
                  [](const HeaderBox& box) { return empty_property(box) != Property::count; });
}

}  // namespace

Shadowing::Shadowing(const Policy& policy, const Catalogue& catalogue)
    : policy_(policy),
      space_(policy, catalogue),
      index_(policy.rules(), std::vector<bool>(policy.rules().size(), true)),
      left_(most_spent) {
    for (const Rule& rule : policy.rules()) {
        matched_.push_back(space_.matched(rule));
        enforced_.push_back(space_.enforced(rule, HeaderSpace::Share::sure));
        drop_empty(enforced_.back());
    }
}

bool Shadowing::spend(std::size_t cost) {
    gave_up_ = gave_up_ || cost >= left_;
    left_ -= std::min(cost, left_);
    return left_ != 0;
}

const ImpossibleFlows* Shadowing::impossible(const HeaderPoint& flow) const {
    const auto found = std::ranges::find_if(space_.impossible(), [&](const ImpossibleFlows& flows) {
        return contains(flows.box, flow);
    });
    return found == space_.impossible().end() ? nullptr : &*found;
}

// The first of `rules` before `before` that takes the flow.
Shadowing::Taken Shadowing::taker(const std::vector<Boxes>& rules, const HeaderPoint& flow,
                                  std::size_t before) {
    const std::string host = name_at(std::get<Property::name>(flow));
    Taken taken;
    std::size_t looked_at = 0;
    index_.visit(space_.facts_of(flow, host), [&](std::size_t i) {
        taken.rule = i;
        ++looked_at;
        return i < before && !any_contains(rules[i], flow, taken.box);
    });
    spend(looked_at);
    return taken;
}

// Whether earlier `rules` take every flow of `boxes`; notes who does, or what excludes them all.
bool Shadowing::is_covered(Boxes boxes, const std::vector<Boxes>& rules, std::size_t index,
                           Shadow& shadow) {
    for (std::size_t looked_at = 0; !boxes.empty(); ++looked_at) {
        const HeaderBox box = std::move(boxes.back());
        boxes.pop_back();
        const HeaderPoint flow = any_flow(box);
        const HeaderBox* taken = nullptr;
        if (const ImpossibleFlows* flows = impossible(flow)) {
            taken = &flows->box;
            shadow.why = flows->why;
        } else if (const Taken by = taker(rules, flow, index); by.box != nullptr) {
            taken = by.box;
            shadow.rules.insert(by.rule);
        }
        if (taken == nullptr)
            return false;
        gave_up_ = gave_up_ || looked_at == most_boxes;
        if (looked_at == most_boxes || !spend(size_of(box) + size_of(*taken)))
            return false;
        std::ranges::move(difference(box, *taken), std::back_inserter(boxes));
    }
    return true;
}

// Whether one rule takes every possible flow of `boxes`.
bool Shadowing::is_covered_by(Boxes boxes, const Boxes& rule) {
    while (!boxes.empty()) {
        const HeaderBox box = std::move(boxes.back());
        boxes.pop_back();
        const HeaderPoint flow = any_flow(box);
        const HeaderBox* taken = nullptr;
        if (const ImpossibleFlows* flows = impossible(flow))
            taken = &flows->box;
        else if (!any_contains(rule, flow, taken))
            return false;
        if (!spend(size_of(box) + size_of(*taken)))
            return false;
        std::ranges::move(difference(box, *taken), std::back_inserter(boxes));
    }
    return true;
}

// Of several rules that take the flows together, one may do so alone: it is the one to name.
bool Shadowing::is_taken(const Boxes& boxes, const std::vector<Boxes>& rules, std::size_t index,
                         Shadow& shadow) {
    Shadow found;
    if (left_ == 0 || !is_covered(boxes, rules, index, found))
        return false;
    const auto alone = std::ranges::find_if(
        found.rules, [&](std::size_t rule) { return is_covered_by(boxes, rules[rule]); });
    if (alone != found.rules.end())
        found.rules = {*alone};
    shadow.rules.merge(found.rules);
    if (shadow.why.empty())
        shadow.why = found.why;
    return true;
}

std::optional<Shadow> Shadowing::of(std::size_t index) {
    const Rule& rule = policy_.rules()[index];
    Shadow shadow;
    Boxes matched = matched_[index];
    const Property::Index empty = empty_property(matched.front());
    drop_empty(matched);
    if (matched.empty()) {
        shadow.empty = empty;
        return shadow;
    }
    Boxes acting = space_.enforced(rule, HeaderSpace::Share::possible);
    drop_empty(acting);
    // Who takes what is enforced takes what would be as well: enough where the rule always acts.
    const bool always_acts = rule.rollout.empty() && rule.mode == Mode::enforce;
    if (!always_acts && !is_taken(matched, matched_, index, shadow))
        return std::nullopt;
    if (!is_taken(acting, enforced_, index, shadow))
        return std::nullopt;
    return shadow;
}

}  // namespace octroi
