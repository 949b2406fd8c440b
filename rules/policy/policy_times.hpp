#pragma once

#include <vector>

#include "rules/policy/policy.hpp"
#include "rules/text/schema.hpp"

namespace octroi {

/// Reads a moment as parse_moment() does. `end_of_day`: a date alone stands for its end.
[[nodiscard]] std::optional<Instant> read_moment(Report& report, const yaml::Node* node,
                                                 absl::TimeZone zone, bool end_of_day = false);

/// Reads `from`, `until` and `hours` of a rule. A rule that ends before it begins is reported.
[[nodiscard]] Schedule read_schedule(Report& report, Fields& fields, absl::TimeZone zone);

/// Reads a rule's `rollout`: stages of `from`, `zone`, `percent`.
[[nodiscard]] std::vector<RolloutStage> read_rollout(Report& report, const yaml::Node* node,
                                                     absl::TimeZone zone,
                                                     const std::vector<Zone>& zones);

}  // namespace octroi
