#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "rules/catalogue.hpp"
#include "rules/policy.hpp"

namespace octroi {

template <typename T>
using Loaded = std::expected<T, std::vector<Finding>>;

/// The shipped catalogue, with the files `*.yaml` of `folder` (in order of name) added to it or put
/// in place of entries of the same service.
[[nodiscard]] Loaded<Catalogue> load_catalogue(const std::optional<std::string>& folder);

/// The policy in `path`, or the shipped default policy.
[[nodiscard]] Loaded<Policy> load_policy(const std::optional<std::string>& path,
                                         const Catalogue& catalogue);

}  // namespace octroi
