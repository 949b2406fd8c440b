// What a report stands on: the period, runs and their gaps, policies, privacy, files, method.

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "metrics/report/report_sections.hpp"

namespace octroi {
namespace {

void add_fact(Html& html, Markup name, std::string_view text) {
    html.tag("<dt>").tag(name).tag("</dt><dd>").text(text).tag("</dd>\n");
}

std::uint64_t missing_of(const ReportFigures& figures) {
    std::uint64_t missing = 0;
    for (const auto& [name, run] : figures.runs.by_name())
        missing += run.missing();
    return missing;
}

std::string seen_text(const Seen& seen, absl::TimeZone zone) {
    return seen.first && seen.last
               ? fmt::format("{} to {}", time_text(*seen.first, zone), time_text(*seen.last, zone))
               : "-";
}

std::string gateways_text(const ReportFigures& figures) {
    std::vector<std::string> names;
    for (const auto& [key, run] : figures.runs.by_name())
        if (names.empty() || names.back() != run.gateway)
            names.push_back(run.gateway);
    constexpr std::size_t shown = 20;
    const std::size_t more = names.size() > shown ? names.size() - shown : 0;
    names.resize(names.size() - more);
    std::string text = fmt::format("{}", fmt::join(names, ", "));
    if (more > 0)
        text += fmt::format(" and {} more", more);
    return names.empty() ? "none" : text;
}

}  // namespace

std::string time_text(Instant time, absl::TimeZone zone) {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S %Ez", time, zone);
}

void add_summary(Html& html, const ReportParts& parts) {
    const ReportFigures& figures = parts.figures;
    const absl::TimeZone zone = parts.period.zone;
    html.tag("<dl class=\"facts\">\n");
    add_fact(html, "Period",
             fmt::format("{} to {} (its end excluded)", time_text(parts.period.from, zone),
                         time_text(parts.period.to, zone)));
    add_fact(html, "Gateways", gateways_text(figures));
    add_fact(html, "Refused", grouped(figures.decisions.refused));
    add_fact(html, "Would be refused", grouped(figures.decisions.would));
    add_fact(html, "Accepted, as far as logged", grouped(figures.decisions.accepted));
    add_fact(html, "Events in the period", grouped(figures.events));
    html.tag("</dl>\n");
    if (figures.events == 0)
        html.tag("<p class=\"note\">The files hold no event of this period.</p>\n");
    else if (is_whole(parts))
        html.tag(
            "<p class=\"note good\">No gap was found between the events of any run, and every "
            "line was read.</p>\n");
    else
        html.tag("<p class=\"note\">The files are not whole: ")
            .count(missing_of(figures))
            .tag(" events missing between others, ")
            .count(figures.broken)
            .tag(" lines that are no event. See Coverage and Files.</p>\n");
}

void add_coverage(Html& html, const ReportParts& parts) {
    html.tag(
        "<h2>Coverage</h2>\n<p>A run is a gateway's daemon from one start to the next. Its events "
        "are numbered, so that lost ones leave a gap. Before its first and behind its last event "
        "here nothing can be told.</p>\n");
    html.tag(
        "<table>\n<thead><tr><th scope=\"col\">Gateway</th><th scope=\"col\">Run</th>"
        "<th scope=\"col\">Seen</th><th scope=\"col\" class=\"number\">Events</th>"
        "<th scope=\"col\" class=\"number\">Missing</th>"
        "<th scope=\"col\" class=\"number\">Read twice</th></tr></thead>\n<tbody>\n");
    for (const auto& [key, run] : parts.figures.runs.by_name()) {
        html.tag("<tr><th scope=\"row\">").text(run.gateway).tag("</th><td class=\"run\">");
        html.text(std::string_view(run.boot).substr(0, 8)).tag("</td><td>");
        html.text(seen_text(run.seen, parts.period.zone)).tag("</td>");
        for (const std::string& cell :
             {grouped(run.events), run.numbered == 0 ? "not numbered" : grouped(run.missing()),
              grouped(run.repeated())})
            html.tag("<td class=\"number\">").text(cell).tag("</td>");
        html.tag("</tr>\n");
    }
    html.tag("</tbody>\n</table>\n");
}

void add_policies(Html& html, const ReportParts& parts) {
    const ReportFigures& figures = parts.figures;
    html.tag(
        "<h2>Policies in force, changes and faults</h2>\n<table>\n<caption>Revisions that events "
        "name</caption>\n<thead><tr><th scope=\"col\">Revision</th><th scope=\"col\">Seen</th>"
        "<th scope=\"col\" class=\"number\">Events</th></tr></thead>\n<tbody>\n");
    for (const auto& [revision, policy] : figures.policies.by_name()) {
        html.tag(R"(<tr><th scope="row" class="hash">)").text(revision).tag("</th><td>");
        html.text(seen_text(policy.seen, parts.period.zone)).tag("</td><td class=\"number\">");
        html.count(policy.events).tag("</td></tr>\n");
    }
    html.tag("</tbody>\n</table>\n");
    if (figures.incidents.empty()) {
        html.tag("<p>No event tells of a policy that was loaded or refused, nor of a fault.</p>\n");
        return;
    }
    html.tag(
        "<table>\n<caption>As they came</caption>\n<thead><tr><th scope=\"col\">Time</th>"
        "<th scope=\"col\">Gateway</th><th scope=\"col\">What</th><th scope=\"col\">Detail</th>"
        "</tr></thead>\n<tbody>\n");
    for (const Incident& incident : figures.incidents) {
        html.tag("<tr><th scope=\"row\">").text(time_text(incident.time, parts.period.zone));
        html.tag("</th><td>").text(incident.gateway).tag("</td><td>").text(incident.what);
        html.tag("</td><td>").text(incident.detail).tag("</td></tr>\n");
    }
    html.tag("</tbody>\n</table>\n");
    if (figures.more_incidents > 0)
        html.tag("<p>And ").count(figures.more_incidents).tag(" more.</p>\n");
}

void add_privacy(Html& html, const ReportParts& parts) {
    const ReportFigures& figures = parts.figures;
    html.tag(
        "<h2>Privacy of clients</h2>\n<p>How much the decisions above told of a client. This "
        "report names no client and no name that one asked for.</p>\n<dl class=\"facts\">\n");
    add_fact(html, "Its zone at most", grouped(figures.clients_zone));
    add_fact(html, "A pseudonym",
             fmt::format("{}, under {} keys, each of one week", grouped(figures.clients_pseudonym),
                         figures.key_epochs.by_name().size()));
    add_fact(html, "Its address", grouped(figures.clients_full));
    html.tag("</dl>\n");
}

void add_inputs(Html& html, const ReportParts& parts) {
    html.tag(
        "<h2>Files</h2>\n<table>\n<caption>SHA-256 is of the file as it lay there, packed where it "
        "was packed</caption>\n<thead><tr><th scope=\"col\">File</th>"
        "<th scope=\"col\" class=\"number\">Lines</th>"
        "<th scope=\"col\" class=\"number\">No event</th></tr></thead>\n<tbody>\n");
    for (const ReportInput& input : parts.inputs) {
        html.tag("<tr><th scope=\"row\">").text(input.path).tag("<br><span class=\"hash\">");
        html.text(input.sha256).tag("</span>");
        if (!input.cut_off.empty())
            html.tag("<br>").text(input.cut_off);
        html.tag("</th><td class=\"number\">").count(input.lines);
        html.tag("</td><td class=\"number\">").count(input.broken).tag("</td></tr>\n");
    }
    html.tag("</tbody>\n</table>\n<p>").count(parts.figures.outside);
    html.tag(" events are of another time than the period and were left out.</p>\n");
}

void add_method(Html& html, const ReportParts& parts) {
    html.tag(
        "<h2>What this report can say</h2>\n<ul>\n"
        "<li>It counts what gateways wrote down: flows that were refused, or would have been but "
        "for "
        "monitor mode, and names refused in DNS answers (");
    html.count(parts.figures.names_refused)
        .tag(
            " of the refused). Flows that passed are counted only "
            "where a rule logs them, and in the table of conferencing where flows' ends were "
            "written.</li>\n"
            "<li>A flow is a connection by transport, addresses and ports, not a person and not a "
            "call: a "
            "program that is refused tries again and is counted again.</li>\n<li>");
    html.count(parts.figures.folded)
        .tag(
            " decisions were folded into others as a number and are in the "
            "sums.</li>\n"
            "<li>The service is what octroi believed: by an address that belongs to one service, "
            "by a name "
            "the client sent, or by the form of the traffic. No TLS is decrypted. What hides on "
            "purpose is not in here.</li>\n"
            "<li>Before a run's first event in these files and behind its last one, and of a "
            "gateway whose "
            "files are missing, it says nothing. That nothing passed uninspected it can't show: "
            "the "
            "metric octroi_nfqueue_uninspected_packets_total does.</li>\n"
            "<li>Events are not signed. The SHA-256 of each file says which files were read, not "
            "that "
            "nobody changed them before.</li>\n</ul>\n");
}

}  // namespace octroi
