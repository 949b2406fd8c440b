#pragma once

#include <expected>
#include <string>
#include <vector>

#include "rules/services/service.hpp"

namespace octroi {

/// Writes `entry` as SERVICE.yaml into the catalogue folder `folders.front()`, whole or not at all:
/// into a file beside it, which is read back as if it were in its place, together with everything
/// else of that folder and of each further one, and then takes the name. Gives the path, or what is
/// wrong; then the folder is as it was.
[[nodiscard]] std::expected<std::string, std::vector<Finding>> install_entry(
    const std::vector<std::string>& folders, const Service& entry);

}  // namespace octroi
