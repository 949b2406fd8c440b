#include "rules/lint/lint.hpp"

#include <algorithm>
#include <tuple>

namespace octroi {

std::vector<Finding> lint(const Policy& policy, const Catalogue& catalogue) {
    std::vector<Finding> findings;
    lint_zones(policy, findings);
    lint_dates(policy, findings);
    lint_rules(policy, catalogue, findings);
    std::ranges::stable_sort(findings, {}, [&](const Finding& finding) {
        return std::tuple(finding.file != policy.file(), finding.file, finding.position);
    });
    return findings;
}

}  // namespace octroi
