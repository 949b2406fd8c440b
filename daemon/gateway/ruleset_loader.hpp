#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/ruleset.hpp"
#include "rules/text/diagnostic.hpp"

namespace octroi {

/// A ruleset of generation 1 from a policy file and a catalogue folder, or from what is shipped
/// where they are not given. The error is every finding, rendered for people.
[[nodiscard]] std::expected<Ruleset, std::string> load_ruleset(
    const std::optional<std::string>& policy, const std::optional<std::string>& catalogue,
    SeriesRegistry& registry);

/// The findings as text, the count at the end.
[[nodiscard]] std::string render_all(const std::vector<Finding>& findings);

}  // namespace octroi
