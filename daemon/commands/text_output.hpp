#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "classifiers/net/flow_key.hpp"

namespace octroi {

/// "10.20.4.7:51514", "[2001:db8::1]:443"
[[nodiscard]] std::string endpoint_text(const Endpoint& endpoint);

/// Text that a stranger chose, for a terminal: whatever is not printable ASCII becomes `?`.
[[nodiscard]] std::string printable(std::string_view text);

/// Rows of cells as lines, each behind `indent` spaces, columns aligned; rows have the same number
/// of cells.
[[nodiscard]] std::string aligned(const std::vector<std::vector<std::string>>& rows,
                                  std::size_t indent = 0);

}  // namespace octroi
