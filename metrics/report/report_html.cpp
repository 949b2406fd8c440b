#include "metrics/report/report_html.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "metrics/page/page_files.hpp"
#include "metrics/report/html.hpp"
#include "metrics/report/report_sections.hpp"

namespace octroi {
namespace {

void add_head(Html& html, const ReportParts& parts) {
    html.tag(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    html.text(parts.title).tag("</title>\n<style>\n").style(report_style());
    html.tag("</style>\n</head>\n<body>\n<h1>").text(parts.title).tag("</h1>\n");
}

}  // namespace

bool is_whole(const ReportParts& parts) {
    const auto sound = [](const ReportInput& input) {
        return input.cut_off.empty() && input.broken == 0;
    };
    const auto gapless = [](const auto& run) { return run.second.missing() == 0; };
    return std::ranges::all_of(parts.inputs, sound) &&
           std::ranges::all_of(parts.figures.runs.by_name(), gapless);
}

std::string report_html(const ReportParts& parts) {
    Html html;
    add_head(html, parts);
    add_summary(html, parts);
    add_outcomes(html, parts);
    add_conferencing(html, parts);
    add_exemptions(html, parts);
    add_exceptions(html, parts);
    add_coverage(html, parts);
    add_policies(html, parts);
    add_privacy(html, parts);
    add_inputs(html, parts);
    add_method(html, parts);
    html.tag("<footer>Written by ").text(parts.program).tag(" at ");
    html.text(time_text(parts.written, parts.period.zone)).tag(".</footer>\n</body>\n</html>\n");
    return html.document();
}

}  // namespace octroi
