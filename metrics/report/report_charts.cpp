#include "metrics/report/report_charts.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace octroi {
namespace {

constexpr double width = 720;
constexpr double left = 56;
constexpr double top = 8;
constexpr double bottom = 150;

// The next 1, 2 or 5 times a power of ten.
double ceiling(std::uint64_t number) {
    const auto value = static_cast<double>(std::max<std::uint64_t>(number, 1));
    const double power = std::pow(10, std::floor(std::log10(value)));
    for (const double step : {1.0, 2.0, 5.0})
        if (step * power >= value)
            return step * power;
    return 10 * power;
}

struct Rectangle {
    double x;
    double y;
    double wide;
    double high;
};

void add_rectangle(Html& html, Markup kind, const Rectangle& place) {
    if (place.wide <= 0 || place.high <= 0)
        return;
    html.tag("<rect class=\"").tag(kind).tag("\" x=\"").text(fmt::format("{:.2f}", place.x));
    html.tag("\" y=\"").text(fmt::format("{:.2f}", place.y));
    html.tag("\" width=\"").text(fmt::format("{:.2f}", place.wide));
    html.tag("\" height=\"").text(fmt::format("{:.2f}", place.high)).tag("\"/>");
}

void add_label(Html& html, double x, double y, Markup anchor, std::string_view text) {
    html.tag("<text x=\"").text(fmt::format("{:.1f}", x)).tag("\" y=\"");
    html.text(fmt::format("{:.1f}", y)).tag("\" text-anchor=\"").tag(anchor).tag("\">");
    html.text(text).tag("</text>");
}

void add_axis(Html& html, double most) {
    for (const double value : {0.0, most / 2, most}) {
        const double y = bottom - (bottom - top) * value / most;
        html.tag("<line x1=\"").text(fmt::format("{}", left)).tag("\" x2=\"");
        html.text(fmt::format("{}", width)).tag("\" y1=\"").text(fmt::format("{:.1f}", y));
        html.tag("\" y2=\"").text(fmt::format("{:.1f}", y)).tag("\"/>");
        add_label(html, left - 6, y + 4, "end", fmt::format("{}", value));
    }
}

struct Part {
    Markup kind;
    std::uint64_t count;
};

std::array<Part, 3> parts_of(const Outcomes& outcomes) {
    return {{{.kind = "refused", .count = outcomes.refused},
             {.kind = "would", .count = outcomes.would},
             {.kind = "accepted", .count = outcomes.accepted}}};
}

}  // namespace

void add_bar(Html& html, const Outcomes& outcomes, std::uint64_t most) {
    html.tag(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" "
        "aria-hidden=\"true\">");
    double x = 0;
    for (const Part& part : parts_of(outcomes)) {
        const double wide =
            most == 0 ? 0 : 100.0 * static_cast<double>(part.count) / static_cast<double>(most);
        add_rectangle(html, part.kind, {.x = x, .y = 0, .wide = wide, .high = 10});
        x += wide;
    }
    html.tag("</svg>");
}

void add_day_chart(Html& html, const std::vector<std::pair<std::string, Outcomes>>& days) {
    std::uint64_t highest = 0;
    for (const auto& [day, outcomes] : days)
        highest = std::max(highest, outcomes.total());
    const double most = ceiling(highest);
    const double step = (width - left) / static_cast<double>(std::max<std::size_t>(days.size(), 1));
    constexpr std::size_t labels = 6;
    const std::size_t every = std::max<std::size_t>(1, (days.size() + labels - 1) / labels);
    html.tag(
        "<svg viewBox=\"0 0 720 172\" role=\"img\" aria-label=\"Decisions by day; the table "
        "below has the numbers\">");
    add_axis(html, most);
    for (std::size_t i = 0; i < days.size(); ++i) {
        const double x = left + step * static_cast<double>(i);
        double y = bottom;
        for (const Part& part : parts_of(days[i].second)) {
            const double high = (bottom - top) * static_cast<double>(part.count) / most;
            y -= high;
            add_rectangle(html, part.kind, {.x = x, .y = y, .wide = step * 0.85, .high = high});
        }
        if (i % every == 0 && x < width - 64)
            add_label(html, x, bottom + 16, "start", days[i].first);
    }
    html.tag("</svg>\n");
}

void add_key(Html& html) {
    html.tag("<p>");
    html.tag(
        "<span class=\"key\"><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect "
        "class=\"refused\" width=\"1\" height=\"1\"/></svg>refused</span>");
    html.tag(
        "<span class=\"key\"><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect "
        "class=\"would\" width=\"1\" height=\"1\"/></svg>would be refused</span>");
    html.tag(
        "<span class=\"key\"><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect "
        "class=\"accepted\" width=\"1\" height=\"1\"/></svg>accepted, as far as "
        "logged</span></p>\n");
}

}  // namespace octroi
