#pragma once

#include <string>
#include <utility>
#include <vector>

#include "metrics/report/html.hpp"
#include "metrics/report/report_figures.hpp"

namespace octroi {

/// A bar of an SVG image of its own, as long as `outcomes` are of `most`. The numbers stand beside
/// it, so it says nothing to who does not see it.
void add_bar(Html& html, const Outcomes& outcomes, std::uint64_t most);

/// A column for each of `days` ("2026-12-01", without gaps), as an SVG image with its words.
void add_day_chart(Html& html, const std::vector<std::pair<std::string, Outcomes>>& days);

/// What the colours mean.
void add_key(Html& html);

}  // namespace octroi
