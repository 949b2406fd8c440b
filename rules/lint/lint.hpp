#pragma once

#include <vector>

#include "rules/policy/policy.hpp"
#include "rules/text/diagnostic.hpp"

namespace octroi {

/// What a policy that can be used probably does not mean, at its own moment and from then on:
/// warnings, in order of files and lines, without the lines' text.
[[nodiscard]] std::vector<Finding> lint(const Policy& policy, const Catalogue& catalogue);

/// The parts of it. Rules that never decide, because of earlier ones or of their own conditions.
void lint_rules(const Policy& policy, const Catalogue& catalogue, std::vector<Finding>& findings);

/// Rules and exemptions that ended, exemptions that end soon or far away, and stages of rollouts
/// that change nothing.
void lint_dates(const Policy& policy, std::vector<Finding>& findings);

/// Zones that overlap without one lying inside the other, and zones, lists and conditions with
/// nothing inside.
void lint_zones(const Policy& policy, std::vector<Finding>& findings);

}  // namespace octroi
