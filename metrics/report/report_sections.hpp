#pragma once

#include <string>

#include "metrics/report/html.hpp"
#include "metrics/report/report_html.hpp"

namespace octroi {

// The parts of a report, each under a heading of its own, in this order.

void add_summary(Html& html, const ReportParts& parts);
void add_outcomes(Html& html, const ReportParts& parts);
void add_conferencing(Html& html, const ReportParts& parts);
void add_exemptions(Html& html, const ReportParts& parts);
void add_exceptions(Html& html, const ReportParts& parts);
void add_coverage(Html& html, const ReportParts& parts);
void add_policies(Html& html, const ReportParts& parts);
void add_privacy(Html& html, const ReportParts& parts);
void add_inputs(Html& html, const ReportParts& parts);
void add_method(Html& html, const ReportParts& parts);

/// "2026-12-01 08:00:00 +01:00"
[[nodiscard]] std::string time_text(Instant time, absl::TimeZone zone);

}  // namespace octroi
