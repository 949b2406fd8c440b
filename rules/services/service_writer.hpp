#pragma once

#include <string>

#include "rules/services/service.hpp"

namespace octroi {

/// The entry as YAML that read_service() reads as the same entry. `file` is not written.
[[nodiscard]] std::string to_yaml(const Service& service);

}  // namespace octroi
