#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "rules/lint/header_space.hpp"

namespace octroi {

/// Why a rule never decides a flow.
struct Shadow {
    std::set<std::size_t> rules;  ///< earlier ones that together take all its flows; none: no flow
                                  ///< fulfils its conditions
    std::string_view why;         ///< no flow can: what excludes it, empty where `empty` says it
    Property::Index empty = Property::count;  ///< of which the conditions leave no value
};

/// Finds the rules of a policy that never decide, from its moment on.
///
/// What a rule matches is a set of boxes in the space of flows. Of a box that is left one flow is
/// taken, and the first rule that matches this flow: the rule itself, then it is alive; an earlier
/// one, then the box without that rule's flows is looked at again. So a rule is called dead only
/// where every flow of it was seen to be taken, and most rules cost one look. Both outcomes count:
/// a rule is dead where it decides neither what is enforced nor what would be.
class Shadowing {
  public:
    /// Both must outlive it.
    Shadowing(const Policy& policy, const Catalogue& catalogue);

    /// Whether rules()[index] is dead and why. Nothing also where telling would take too long.
    [[nodiscard]] std::optional<Shadow> of(std::size_t index);

    /// Whether telling took too long for some rule.
    [[nodiscard]] bool gave_up() const { return gave_up_; }

  private:
    using Boxes = std::vector<HeaderBox>;

    struct Taken {
        const HeaderBox* box = nullptr;  ///< null: by nobody
        std::size_t rule = 0;
    };

    [[nodiscard]] const ImpossibleFlows* impossible(const HeaderPoint& flow) const;
    [[nodiscard]] Taken taker(const std::vector<Boxes>& rules, const HeaderPoint& flow,
                              std::size_t before);
    bool is_covered(Boxes boxes, const std::vector<Boxes>& rules, std::size_t index,
                    Shadow& shadow);
    [[nodiscard]] bool is_covered_by(Boxes boxes, const Boxes& rule);
    bool is_taken(const Boxes& boxes, const std::vector<Boxes>& rules, std::size_t index,
                  Shadow& shadow);
    bool spend(std::size_t cost);

    const Policy& policy_;
    HeaderSpace space_;
    RuleIndex index_;
    std::vector<Boxes> matched_;
    std::vector<Boxes> enforced_;  // surely
    std::size_t left_;             // of what may be spent
    bool gave_up_ = false;
};

}  // namespace octroi
