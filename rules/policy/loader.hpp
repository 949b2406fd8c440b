#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "rules/policy/policy.hpp"
#include "rules/services/catalogue.hpp"

namespace octroi {

template <typename T>
using Loaded = std::expected<T, std::vector<Finding>>;

/// The shipped catalogue, with the files `*.yaml` of `folder` (in order of name) added to it or put
/// in place of entries of the same service.
[[nodiscard]] Loaded<Catalogue> load_catalogue(const std::optional<std::string>& folder);

/// A file that is not in its place yet.
struct StandIn {
    std::string file;       ///< where it is to be, in the catalogue folder
    std::string read_from;  ///< where it is
};

/// The catalogue as it would be with `stand_in` in its place; findings name that place.
[[nodiscard]] Loaded<Catalogue> preview_catalogue(const std::string& folder,
                                                  const StandIn& stand_in);

/// The files `*.yaml` of a folder, in order of their names.
[[nodiscard]] std::expected<std::vector<std::string>, Finding> yaml_files(
    const std::string& folder);

/// The policy in `path`, or the shipped default policy.
[[nodiscard]] Loaded<Policy> load_policy(const std::optional<std::string>& path,
                                         const Catalogue& catalogue);

/// Fills in the lines of the files that findings point to and do not quote.
void quote_lines(std::vector<Finding>& findings);

}  // namespace octroi
