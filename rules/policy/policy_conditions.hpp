#pragma once

#include <vector>

#include "rules/policy/policy.hpp"
#include "rules/policy/policy_lists.hpp"
#include "rules/text/schema.hpp"

namespace octroi {

/// What the conditions of a rule refer to.
struct ConditionContext {
    const Catalogue& catalogue;
    const std::vector<Zone>& zones;
    const Lists& lists;
};

/// Reads the `when` of a rule; a null node is no condition at all.
[[nodiscard]] When read_when(Report& report, const yaml::Node* node,
                             const ConditionContext& context);

/// Reads networks, addresses and `$lists` of them; nothing where `node` is absent.
[[nodiscard]] std::optional<Condition<Networks>> read_networks(Report& report,
                                                               const yaml::Node* node,
                                                               const Lists& lists);

}  // namespace octroi
