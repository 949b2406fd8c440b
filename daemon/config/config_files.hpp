#pragma once

#include <string>
#include <vector>

#include "daemon/config/config.hpp"

namespace octroi {

/// Which files a configuration names twice, each for another purpose: writing one would spoil the
/// other. A sentence each.
[[nodiscard]] std::vector<std::string> files_named_twice(const Config& config);

/// The same, and what else would keep the daemon from starting with the files that the
/// configuration names beside catalogue and policy, as far as it can be told without making or
/// writing any.
[[nodiscard]] std::vector<std::string> problems_with_named_files(const Config& config);

}  // namespace octroi
