#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/report/report_figures.hpp"

namespace octroi {

/// An exemption of a policy, as a report lists it.
struct ReportExemption {
    std::string name;
    std::string owner;
    std::string ticket;
    std::string until;
};

/// What a report is made of.
struct ReportParts {
    std::string title;
    std::string program;  ///< "octroi 0.1.0"
    Instant written;
    ReportPeriod period;
    const ReportFigures& figures;
    std::vector<ReportInput> inputs;
    std::vector<ReportExemption> exemptions;  ///< of the policy that was named
    std::string policy_file;                  ///< empty: none was named
};

/// The report as one HTML document that needs nothing else: style and charts stand in it, it has no
/// script.
[[nodiscard]] std::string report_html(const ReportParts& parts);

/// Whether everything was there and read: no line was broken, no file cut off, no number missing.
[[nodiscard]] bool is_whole(const ReportParts& parts);

}  // namespace octroi
