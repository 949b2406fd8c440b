#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "rules/diff/example_flows.hpp"

namespace octroi {

/// What conditions other than zone, client and service ask for.
enum FlowSide : std::uint8_t {
    name_side,
    server_side,
    port_side,
    transport_side,
    protocol_side,
    application_side,
    strength_side,
    ech_side,
    verified_side,
    side_count
};

/// The values of one side that rules tell apart, the ordinary one first, and who asks for each.
/// Rules are given by their number.
struct SideValues {
    std::vector<FlowShape> samples;                    ///< with this side set
    std::vector<std::vector<std::uint32_t>> asked_by;  ///< for each sample, in order
    absl::flat_hash_map<std::uint32_t, bool> negated;  ///< by rule that asks; others take any value

    [[nodiscard]] bool allows(std::uint32_t rule, std::size_t value) const;
};

using FlowSides = std::array<SideValues, side_count>;

/// The values that the conditions of `rules` tell apart. Those that the same rules ask for are one,
/// unless they tell different services.
[[nodiscard]] FlowSides flow_sides(const RulePairs& rules, const Catalogue& catalogue);

}  // namespace octroi
