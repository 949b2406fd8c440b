#pragma once

#include <string>
#include <vector>

#include "classifiers/flow_key.hpp"

namespace octroi {

/// "10.20.4.7:51514", "[2001:db8::1]:443"
[[nodiscard]] std::string endpoint_text(const Endpoint& endpoint);

/// Rows of cells as lines, each behind `indent` spaces, columns aligned; rows have the same number
/// of cells.
[[nodiscard]] std::string aligned(const std::vector<std::vector<std::string>>& rows,
                                  std::size_t indent = 0);

}  // namespace octroi
