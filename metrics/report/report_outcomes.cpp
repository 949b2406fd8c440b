// What became of flows: by day, service, zone and rule; conferencing; exemptions; exceptions.

#include <algorithm>

#include <fmt/format.h>

#include "metrics/report/report_charts.hpp"
#include "metrics/report/report_sections.hpp"

namespace octroi {
namespace {

constexpr std::size_t rows_shown = 100;

// Every day of the period, also those without a decision; of a long one, those with decisions.
std::vector<std::pair<std::string, Outcomes>> days_of(const ReportParts& parts) {
    constexpr std::size_t most = 800;
    std::vector<std::pair<std::string, Outcomes>> days;
    const ReportPeriod& period = parts.period;
    const auto& counted = parts.figures.days.by_name();
    absl::CivilDay day = absl::ToCivilDay(period.from, period.zone);
    const absl::CivilDay end = absl::ToCivilDay(period.to - absl::Nanoseconds(1), period.zone) + 1;
    if (end - day > static_cast<absl::civil_diff_t>(most))
        return {counted.begin(), counted.end()};
    for (; day < end; ++day) {
        const std::string name = absl::FormatCivilTime(day);
        const auto found = counted.find(name);
        days.emplace_back(name, found == counted.end() ? Outcomes{} : found->second);
    }
    return days;
}

void add_outcome_cells(Html& html, const Outcomes& outcomes) {
    for (const std::uint64_t count : {outcomes.refused, outcomes.would, outcomes.accepted})
        html.tag("<td class=\"number\">").count(count).tag("</td>");
}

void add_outcome_row(Html& html, std::string_view name, const Outcomes& outcomes,
                     std::uint64_t most) {
    html.tag("<tr><th scope=\"row\">").text(name).tag("</th><td>");
    add_bar(html, outcomes, most);
    html.tag("</td>");
    add_outcome_cells(html, outcomes);
    html.tag("</tr>\n");
}

void add_outcome_head(Html& html, Markup caption, Markup first) {
    html.tag("<table>\n<caption>").tag(caption).tag("</caption>\n<thead><tr><th scope=\"col\">");
    html.tag(first).tag(
        "</th><th scope=\"col\">Share</th>"
        "<th scope=\"col\" class=\"number\">Refused</th>"
        "<th scope=\"col\" class=\"number\">Would be refused</th>"
        "<th scope=\"col\" class=\"number\">Accepted</th></tr></thead>\n<tbody>\n");
}

void add_outcome_table(Html& html, Markup caption, Markup first, const Tally<Outcomes>& tally) {
    const auto rows = tally.by_size([](const Outcomes& outcomes) { return outcomes.total(); });
    const std::uint64_t most = rows.empty() ? 0 : rows.front().second.total();
    add_outcome_head(html, caption, first);
    for (std::size_t i = 0; i < std::min(rows.size(), rows_shown); ++i)
        add_outcome_row(html, rows[i].first, rows[i].second, most);
    html.tag("</tbody>\n</table>\n");
    if (rows.size() > rows_shown)
        html.tag("<p>And ").count(rows.size() - rows_shown).tag(" more.</p>\n");
}

void add_days(Html& html, const ReportParts& parts) {
    const auto days = days_of(parts);
    html.tag("<h2>Decisions by day</h2>\n");
    add_key(html);
    add_day_chart(html, days);
    add_outcome_head(html, "Days with decisions", "Day");
    std::uint64_t most = 0;
    for (const auto& [day, outcomes] : days)
        most = std::max(most, outcomes.total());
    for (const auto& [day, outcomes] : days)
        if (outcomes.total() > 0)
            add_outcome_row(html, day, outcomes, most);
    html.tag("</tbody>\n</table>\n");
}

}  // namespace

void add_outcomes(Html& html, const ReportParts& parts) {
    const ReportFigures& figures = parts.figures;
    add_days(html, parts);
    html.tag("<h2>Decisions by service</h2>\n");
    add_outcome_table(html, "The most frequent first", "Service", figures.services);
    html.tag("<h2>Decisions by zone of the client</h2>\n");
    add_outcome_table(html, "The most frequent first", "Zone", figures.zones);
    html.tag("<h2>Decisions by rule</h2>\n");
    add_outcome_table(html, "The most frequent first", "Rule", figures.rules);
    if (figures.gateways.by_name().size() > 1) {
        html.tag("<h2>Decisions by gateway</h2>\n");
        add_outcome_table(html, "The most frequent first", "Gateway", figures.gateways);
    }
}

void add_conferencing(Html& html, const ReportParts& parts) {
    const auto rows = parts.figures.conferencing.by_size(
        [](const Carried& carried) { return std::max(carried.bytes, carried.decided.total()); });
    html.tag("<h2>Conferencing: Visio and the others</h2>\n");
    if (parts.figures.flow_ends == 0)
        html.tag(
            "<p class=\"note\">The files hold no events on ended flows, so the shares of flows "
            "and octets can't be told. What follows are decisions that were written down: "
            "accepted flows only where a rule says <code>log: true</code>.</p>\n");
    std::uint64_t flows = 0;
    std::uint64_t bytes = 0;
    for (const auto& [service, carried] : rows) {
        flows += carried.ended;
        bytes += carried.bytes;
    }
    html.tag(
        "<table>\n<caption>Services of the category video-conferencing</caption>\n<thead><tr>"
        "<th scope=\"col\">Service</th><th scope=\"col\" class=\"number\">Flows accepted</th>"
        "<th scope=\"col\" class=\"number\">Share</th><th scope=\"col\" class=\"number\">"
        "Octets</th><th scope=\"col\" class=\"number\">Share</th>"
        "<th scope=\"col\" class=\"number\">Refused</th>"
        "<th scope=\"col\" class=\"number\">Would be refused</th></tr></thead>\n<tbody>\n");
    for (const auto& [service, carried] : rows) {
        html.tag("<tr><th scope=\"row\">").text(service).tag("</th>");
        for (const std::string& cell :
             {grouped(carried.ended), share_text(carried.ended, flows), octets_text(carried.bytes),
              share_text(carried.bytes, bytes), grouped(carried.decided.refused),
              grouped(carried.decided.would)})
            html.tag("<td class=\"number\">").text(cell).tag("</td>");
        html.tag("</tr>\n");
    }
    html.tag("</tbody>\n</table>\n");
}

void add_exemptions(Html& html, const ReportParts& parts) {
    html.tag("<h2>Exemptions</h2>\n");
    if (parts.policy_file.empty()) {
        html.tag(
            "<p>No policy was named (<code>--policy</code>), so its exemptions are not listed. "
            "Use of an exemption stands under its name among the rules above, where the "
            "exemption says <code>log: true</code>.</p>\n");
        return;
    }
    html.tag("<p>Of the policy ").text(parts.policy_file).tag(", as it is now.</p>\n");
    html.tag(
        "<table>\n<thead><tr><th scope=\"col\">Exemption</th><th scope=\"col\">Owner</th>"
        "<th scope=\"col\">Ticket</th><th scope=\"col\">Until</th>"
        "<th scope=\"col\" class=\"number\">Flows written down</th></tr></thead>\n<tbody>\n");
    const auto& rules = parts.figures.rules.by_name();
    for (const ReportExemption& exemption : parts.exemptions) {
        const auto used = rules.find(exemption.name);
        html.tag("<tr><th scope=\"row\">").text(exemption.name);
        html.tag("</th><td>").text(exemption.owner).tag("</td><td>").text(exemption.ticket);
        html.tag("</td><td>").text(exemption.until).tag("</td><td class=\"number\">");
        html.count(used == rules.end() ? 0 : used->second.total()).tag("</td></tr>\n");
    }
    html.tag("</tbody>\n</table>\n");
}

void add_exceptions(Html& html, const ReportParts& parts) {
    html.tag("<h2>Exceptions: nothing to decide on</h2>\n");
    if (parts.figures.exceptions.empty()) {
        html.tag("<p>No event tells of one.</p>\n");
        return;
    }
    add_outcome_table(html, "Cases by exception", "Exception", parts.figures.exceptions);
}

}  // namespace octroi
