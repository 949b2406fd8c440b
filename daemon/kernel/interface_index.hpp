#pragma once

#include <expected>
#include <string>

namespace octroi {

/// The number of a network interface; 0 where there is none of this name. The error says why it
/// could not be looked up.
[[nodiscard]] std::expected<unsigned, std::string> interface_index(const std::string& name);

}  // namespace octroi
