#include "rules/policy/schedule.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace octroi {
namespace {

constexpr std::array<std::string_view, 7> day_names = {"Mon", "Tue", "Wed", "Thu",
                                                       "Fri", "Sat", "Sun"};
constexpr unsigned minutes_in_day = 1440;

// Exactly `text`, digits only.
std::optional<unsigned> parse_number(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    return error == std::errc() && digits && end == text.data() + text.size() ? std::optional(value)
                                                                              : std::nullopt;
}

// HH:MM, 24:00 included.
std::optional<unsigned> parse_minutes(std::string_view text) {
    if (text.size() != 5 || text[2] != ':')
        return std::nullopt;
    const auto hours = parse_number(text.substr(0, 2));
    const auto minutes = parse_number(text.substr(3));
    if (!hours || !minutes || *minutes > 59 || *hours * 60 + *minutes > minutes_in_day)
        return std::nullopt;
    return *hours * 60 + *minutes;
}

std::optional<std::size_t> parse_day(std::string_view text) {
    const auto found = std::ranges::find(day_names, text);
    return found == day_names.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - day_names.begin()));
}

// `Mon`, `Mon-Fri`, `Sat,Sun`, `Fri-Mon` over the week's end.
std::optional<std::uint8_t> parse_days(std::string_view text) {
    unsigned days = 0;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view item = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        const std::size_t dash = item.find('-');
        const auto first = parse_day(item.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : parse_day(item.substr(dash + 1));
        if (!first || !last)
            return std::nullopt;
        for (std::size_t day = *first;; day = (day + 1) % day_names.size()) {
            days |= 1U << day;
            if (day == *last)
                break;
        }
    }
    return days == 0 ? std::nullopt : std::optional(static_cast<std::uint8_t>(days));
}

unsigned day_index(absl::CivilDay day) {
    return static_cast<unsigned>(absl::GetWeekday(day));  // 0: Monday
}

// The moment at which the clock of `zone` shows `minutes` after midnight of `day`.
Instant moment_of(absl::CivilDay day, unsigned minutes, absl::TimeZone zone) {
    return absl::FromCivil(absl::CivilMinute(day) + minutes, zone);
}

struct DaySpan {
    Instant start;
    Instant end;
};

// The window of `hours` that starts on `day`, if there is one.
std::optional<DaySpan> span_on(const HoursWindow& hours, absl::CivilDay day, absl::TimeZone zone) {
    if ((hours.days >> day_index(day) & 1U) == 0)
        return std::nullopt;
    const bool over_midnight = hours.end <= hours.start;
    return DaySpan{.start = moment_of(day, hours.start, zone),
                   .end = moment_of(over_midnight ? day + 1 : day, hours.end, zone)};
}

}  // namespace

std::optional<HoursWindow> parse_hours(std::string_view text) {
    HoursWindow window;
    if (const std::size_t space = text.rfind(' '); space != std::string_view::npos) {
        const auto days = parse_days(text.substr(0, space));
        if (!days)
            return std::nullopt;
        window.days = *days;
        text.remove_prefix(space + 1);
    }
    if (text.size() != 11 || text[5] != '-')
        return std::nullopt;
    const auto start = parse_minutes(text.substr(0, 5));
    const auto end = parse_minutes(text.substr(6));
    if (!start || !end || *start == minutes_in_day || *start == *end)
        return std::nullopt;
    window.start = static_cast<std::uint16_t>(*start);
    window.end = static_cast<std::uint16_t>(*end);
    return window;
}

std::string to_string(const HoursWindow& window) {
    const auto clock = [](unsigned minutes) {
        return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
    };
    constexpr unsigned every_day = (1U << day_names.size()) - 1;
    std::string days;
    for (std::size_t first = 0; first < day_names.size() && window.days != every_day;) {
        std::size_t after = first;
        while (after < day_names.size() && (window.days >> after & 1U) != 0)
            ++after;
        if (after > first)
            days += fmt::format("{}{}", days.empty() ? "" : ",", day_names[first]);
        if (after > first + 1)
            days += fmt::format("-{}", day_names[after - 1]);
        first = after + 1;
    }
    return fmt::format("{}{}{}-{}", days, days.empty() ? "" : " ", clock(window.start),
                       clock(window.end));
}

std::optional<Instant> parse_moment(std::string_view text, absl::TimeZone zone, bool end_of_day) {
    const std::string whole(text);
    const bool date_alone = text.size() == 10;
    // absl takes 2026-02-30 for March 2: what was written must come out again.
    const auto exists = [&](absl::CivilSecond civil) {
        return absl::FormatCivilTime(absl::CivilDay(civil)) == text.substr(0, 10);
    };
    absl::CivilSecond civil;
    if (date_alone) {
        absl::CivilDay day;
        if (!absl::ParseCivilTime(whole, &day) || !exists(absl::CivilSecond(day)))
            return std::nullopt;
        return absl::FromCivil(end_of_day ? day + 1 : day, zone);
    }
    if (text.size() == 16 || text.size() == 19) {
        absl::CivilMinute minute;
        const bool read = text.size() == 16 ? absl::ParseCivilTime(whole, &minute)
                                            : absl::ParseCivilTime(whole, &civil);
        if (text.size() == 16)
            civil = absl::CivilSecond(minute);
        if (read && absl::FormatCivilTime(civil).starts_with(text))
            return absl::FromCivil(civil, zone);
        return std::nullopt;
    }
    Instant moment;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_sec, whole, &moment, &error) &&
        !absl::ParseTime("%Y-%m-%d%ET%H:%M%Ez", whole, &moment, &error))
        return std::nullopt;
    return moment;
}

std::optional<absl::TimeZone> find_time_zone(const std::string& name) {
    absl::TimeZone zone;
    return absl::LoadTimeZone(name, &zone) ? std::optional(zone) : std::nullopt;
}

bool Schedule::holds(Instant at, absl::TimeZone zone) const {
    if ((from && at < *from) || (until && at >= *until))
        return false;
    if (hours.empty())
        return true;
    const absl::CivilDay today = absl::ToCivilDay(at, zone);
    return std::ranges::any_of(hours, [&](const HoursWindow& window) {
        // A window of yesterday may reach into today.
        const std::array days = {today - 1, today};
        return std::ranges::any_of(days, [&](absl::CivilDay day) {
            const auto span = span_on(window, day, zone);
            return span && at >= span->start && at < span->end;
        });
    });
}

std::optional<Instant> Schedule::next_edge(Instant at, absl::TimeZone zone) const {
    std::optional<Instant> next;
    const auto offer = [&](Instant edge) {
        if (edge > at && (!next || edge < *next))
            next = edge;
    };
    if (from)
        offer(*from);
    if (until)
        offer(*until);
    if (until && at >= *until)
        return std::nullopt;
    const absl::CivilDay today = absl::ToCivilDay(at, zone);
    for (const HoursWindow& window : hours)
        for (absl::CivilDay day = today - 1; day <= today + 7; ++day)
            if (const auto span = span_on(window, day, zone)) {
                offer(span->start);
                offer(span->end);
            }
    return next;
}

std::string to_string(Instant at, absl::TimeZone zone) {
    return absl::FormatTime(absl::RFC3339_sec, at, zone);
}

}  // namespace octroi
