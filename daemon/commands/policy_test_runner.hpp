#pragma once

#include <string>
#include <vector>

#include "rules/policy/loader.hpp"

namespace octroi {

/// One test of a policy: what was asked came out as expected, or how it did not.
struct PolicyTestResult {
    std::string name;
    std::size_t line = 0;
    std::string failure;  ///< empty: passed

    [[nodiscard]] bool passed() const { return failure.empty(); }
};

/// A rule that decided no test, and where it was read.
struct UntestedRule {
    std::string name;
    std::string file;
    Position position;
};

/// A file of tests that was run.
struct PolicyTestRun {
    std::string file;
    std::string policy_file;
    std::vector<PolicyTestResult> results;
    std::vector<std::string> rules;  ///< of the policy, exemptions included
    std::vector<UntestedRule> unreached;

    [[nodiscard]] std::size_t failures() const;
};

/// Runs the tests of a file (docs/policy.md, "Tests of a policy"): each asks the policy about a
/// complete flow at a moment, and says what must come out.
[[nodiscard]] Loaded<PolicyTestRun> run_policy_tests(const std::string& path,
                                                     const std::optional<std::string>& catalogue);

}  // namespace octroi
