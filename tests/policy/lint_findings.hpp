#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "rules/lint/lint.hpp"
#include "tests/policy/samples.hpp"

namespace octroi::samples {

/// "W001: text" for each warning about the policy at `moment`, in order of lines.
inline std::vector<std::string> warnings(std::string_view text,
                                         std::string_view moment = "2026-11-22T12:00") {
    const Policy read = policy("octroi: 1\n" + std::string(text));
    const auto at = parse_moment(moment, read.defaults().time_zone).value();
    std::vector<std::string> found;
    for (const Finding& finding : lint(read.at(at), catalogue()))
        found.push_back(to_string(finding.code) + ": " + finding.text);
    return found;
}

}  // namespace octroi::samples
