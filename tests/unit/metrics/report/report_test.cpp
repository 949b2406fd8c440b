#include <doctest/doctest.h>
#include <fmt/format.h>

#include "metrics/report/report_html.hpp"
#include "metrics/report/report_reader.hpp"

using namespace octroi;

namespace {

const ReportPeriod december = {.from = parse_moment("2026-12-01", absl::UTCTimeZone()).value(),
                               .to = parse_moment("2026-12-31", absl::UTCTimeZone(), true).value()};

// A decision event with these further fields.
std::string decision(std::string_view time, std::string_view more) {
    return fmt::format(R"({{"timestamp":"{}","event_type":"decision",{}}})", time, more);
}

ReportFigures figures_of(const std::vector<std::string>& lines) {
    ReportReader reader(december);
    for (const std::string& line : lines)
        static_cast<void>(reader.take(line));
    return reader.figures();
}

std::string html_of(const ReportFigures& figures, const std::vector<ReportInput>& inputs = {}) {
    return report_html({.title = "Compliance report",
                        .program = "octroi 0",
                        .written = december.to,
                        .period = december,
                        .figures = figures,
                        .inputs = inputs});
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

constexpr std::string_view zoom_refused =
    R"("zone":"pilot","service":"zoom","category":"video-conferencing","action":"reject","would":"reject","rule":"foreign")";

}  // namespace

TEST_SUITE("report") {
    TEST_CASE("decisions are counted by outcome, service, zone, rule and day") {
        const ReportFigures figures = figures_of(
            {decision("2026-12-01T00:00:00Z", zoom_refused),
             decision(
                 "2026-12-01T23:59:59.999999Z",
                 R"("zone":null,"service":"zoom","action":"accept","would":"drop","rule":"trial")"),
             decision("2026-12-31T23:59:59Z",
                      R"("service":null,"action":"accept","would":"accept","rule":null)")});
        CHECK(figures.events == 3);
        CHECK(figures.decisions.refused == 1);
        CHECK(figures.decisions.would == 1);
        CHECK(figures.decisions.accepted == 1);
        CHECK(figures.services.by_name().at("zoom").total() == 2);
        CHECK(figures.services.by_name().at("unknown").accepted == 1);
        CHECK(figures.zones.by_name().at("pilot").refused == 1);
        CHECK(figures.zones.by_name().at("(no zone)").total() == 2);
        CHECK(figures.rules.by_name().at("trial").would == 1);
        CHECK(figures.rules.by_name().at("(the default)").accepted == 1);
        CHECK(figures.days.by_name().at("2026-12-01").total() == 2);
        CHECK(figures.days.by_name().at("2026-12-31").total() == 1);
    }

    TEST_CASE("folded decisions count as often as they stand for") {
        const ReportFigures figures = figures_of(
            {decision("2026-12-01T00:00:00Z", std::string(zoom_refused) + R"(,"suppressed":9)")});
        CHECK(figures.decisions.refused == 10);
        CHECK(figures.folded == 9);
    }

    TEST_CASE("what is of another time is left out, and what is no event is counted as broken") {
        const ReportFigures figures =
            figures_of({decision("2026-11-30T23:59:59Z", zoom_refused),
                        decision("2027-01-01T00:00:00Z", zoom_refused), "", "{", "[]", "{}", "null",
                        R"({"timestamp":"yesterday","event_type":"decision"})",
                        R"({"timestamp":"2026-12-01T00:00:00Z"})"});
        CHECK(figures.events == 0);
        CHECK(figures.outside == 2);
        CHECK(figures.broken == 7);
    }

    TEST_CASE("numbers that no event has are missing, by gateway and run") {
        std::vector<std::string> lines;
        for (const int sequence : {3, 7, 4, 5})
            lines.push_back(
                decision("2026-12-02T00:00:00Z",
                         fmt::format(R"("gateway":"a","boot_id":"b1","seq":{})", sequence)));
        for (const int sequence : {0, 1, 1})
            lines.push_back(
                decision("2026-12-03T00:00:00Z",
                         fmt::format(R"("gateway":"a","boot_id":"b2","seq":{})", sequence)));
        const auto runs = figures_of(lines).runs.by_name();
        REQUIRE(runs.size() == 2);
        CHECK(runs.at("a\nb1").missing() == 1);
        CHECK(runs.at("a\nb1").repeated() == 0);
        CHECK(runs.at("a\nb2").missing() == 0);
        CHECK(runs.at("a\nb2").repeated() == 1);
    }

    TEST_CASE("conferencing is told by ended flows and their octets") {
        const auto flow = [](std::string_view service, std::string_view action, int bytes) {
            return fmt::format(
                R"({{"timestamp":"2026-12-05T00:00:00Z","event_type":"flow","service":"{}",)"
                R"("category":"video-conferencing","action":"{}",)"
                R"("flow":{{"bytes_toserver":{},"bytes_toclient":1}}}})",
                service, action, bytes);
        };
        const ReportFigures figures = figures_of(
            {flow("visio", "accept", 299), flow("zoom", "accept", 99), flow("zoom", "reject", 5)});
        CHECK(figures.flow_ends == 3);
        CHECK(figures.conferencing.by_name().at("visio").bytes == 300);
        CHECK(figures.conferencing.by_name().at("zoom").ended == 1);
        const std::string html = html_of(figures);
        CHECK(has(html,
                  "<th scope=\"row\">visio</th><td class=\"number\">1</td><td "
                  "class=\"number\">50.0 %</td><td class=\"number\">300 B</td><td "
                  "class=\"number\">75.0 %</td>"));
        CHECK(has(html_of(figures_of({})), "so the shares of flows"));
    }

    TEST_CASE("exceptions, policies, faults and the privacy of clients are told") {
        const ReportFigures figures = figures_of(
            {decision(
                 "2026-12-01T00:00:00Z",
                 R"("src_ip":"10.0.0.1","action":"drop","exception":"ambiguous","policy_revision":"r1")"),
             decision("2026-12-01T00:00:00Z",
                      R"("src_pseudonym":"aa","key_epoch":"2026-W49-1","action":"drop")"),
             decision("2026-12-01T00:00:00Z", R"("action":"drop")"),
             R"({"timestamp":"2026-12-01T00:00:00Z","event_type":"exception","exception":"malformed","action":"drop","suppressed":4})",
             R"({"timestamp":"2026-12-01T00:00:00Z","event_type":"policy","change":"reload","policy_revision":"r2"})",
             R"({"timestamp":"2026-12-01T00:00:00Z","event_type":"health","condition":"ruleset_drift","state":"begin"})"});
        CHECK(figures.exceptions.by_name().at("ambiguous").refused == 1);
        CHECK(figures.exceptions.by_name().at("malformed").refused == 5);
        CHECK(figures.policies.by_name().size() == 2);
        CHECK(figures.clients_full == 1);
        CHECK(figures.clients_pseudonym == 1);
        CHECK(figures.clients_zone == 1);
        REQUIRE(figures.incidents.size() == 2);
        CHECK(figures.incidents[0].what == "policy: reload");
        CHECK(figures.incidents[1].what == "ruleset_drift: begin");
    }

    TEST_CASE("any number of names stays within bounds") {
        ReportReader reader(december);
        for (std::size_t i = 0; i < Tally<Outcomes>::limit + 10; ++i)
            static_cast<void>(reader.take(decision(
                "2026-12-01T00:00:00Z", fmt::format(R"("service":"s{}","action":"drop")", i))));
        const auto& services = reader.figures().services.by_name();
        CHECK(services.size() == Tally<Outcomes>::limit + 1);
        CHECK(services.at("(others)").refused == 10);
    }

    TEST_CASE("hostile text is text") {
        const std::string evil = R"("</td><script>alert(1)</script>\u0000\u202e")";
        std::string fields;
        for (const char* name : {"gateway", "boot_id", "zone", "service", "rule", "exception",
                                 "policy_revision", "key_epoch", "src_pseudonym"})
            fields += fmt::format(R"("{}":{},)", name, evil);
        const std::string html = html_of(
            figures_of({decision("2026-12-01T00:00:00Z",
                                 fields + R"("category":"video-conferencing","action":"drop")")}),
            {{.path = "<script>.jsonl", .sha256 = "0", .cut_off = "<script>"}});
        CHECK_FALSE(has(html, "<script"));
        CHECK_FALSE(has(html, "\xe2\x80\xae"));
        CHECK_FALSE(has(html, std::string_view("\0", 1)));
        CHECK(has(html, "&lt;script&gt;alert(1)"));
    }

    TEST_CASE("it says whether anything is missing") {
        const ReportFigures whole = figures_of(
            {decision("2026-12-01T00:00:00Z", R"("boot_id":"b","seq":1,"action":"drop")")});
        CHECK(has(html_of(whole), "No gap was found"));
        CHECK(has(html_of(whole, {{.path = "p", .broken = 1}}), "The files are not whole"));
        CHECK(has(html_of(figures_of({})), "hold no event of this period"));
    }
}
