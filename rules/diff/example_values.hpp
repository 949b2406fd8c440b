#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "rules/diff/example_flows.hpp"

namespace octroi {

/// What conditions other than zone, client and service ask for.
enum FlowAspect : std::uint8_t {
    name_aspect,
    server_aspect,
    port_aspect,
    transport_aspect,
    protocol_aspect,
    application_aspect,
    strength_aspect,
    ech_aspect,
    verified_aspect,
    aspect_count
};

/// The values of one aspect that rules tell apart, the ordinary one first, and who asks for each.
/// Rules are given by their number.
struct ExampleValues {
    std::vector<ExampleFlow> samples;                  ///< with this aspect set
    std::vector<std::vector<std::uint32_t>> asked_by;  ///< for each sample, in order
    absl::flat_hash_map<std::uint32_t, bool> negated;  ///< by rule that asks; others take any value

    [[nodiscard]] bool allows(std::uint32_t rule, std::size_t value) const;
};

using ExampleValuesByAspect = std::array<ExampleValues, aspect_count>;

/// The values that the conditions of `rules` tell apart. Those that the same rules ask for are one,
/// unless they tell different services.
[[nodiscard]] ExampleValuesByAspect example_values(const RulePairs& rules,
                                                   const Catalogue& catalogue);

}  // namespace octroi
