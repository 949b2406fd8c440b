#pragma once

#include <string>
#include <vector>

#include "metrics/series/family.hpp"

namespace octroi {

/// Media type of exposition_text() (Prometheus text format 0.0.4).
inline constexpr const char* exposition_media_type = "text/plain; version=0.0.4; charset=utf-8";

/// The families in Prometheus' text exposition format.
[[nodiscard]] std::string exposition_text(std::vector<Family> families);

}  // namespace octroi
