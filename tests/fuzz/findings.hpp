#pragma once

#include <vector>

#include "rules/text/diagnostic.hpp"
#include "tests/fuzz/property.hpp"

namespace octroi::fuzz {

/// What a reader refuses, it refuses with at least one finding that can be shown.
inline void check_refusal(const std::vector<Finding>& findings) {
    require(!findings.empty());
    for (const Finding& finding : findings)
        require(!finding.text.empty() && !render(finding).empty());
}

}  // namespace octroi::fuzz
