#include "rules/diff/timeline.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace octroi {
namespace {

// Every moment at which a rule begins or ends for good, or a stage of a rollout begins.
std::set<Instant> dates_of(const std::vector<const Policy*>& policies) {
    std::set<Instant> dates;
    for (const Policy* policy : policies)
        for (const Rule& rule : policy->rules()) {
            for (const auto& bound : {rule.schedule.from, rule.schedule.until})
                if (bound)
                    dates.insert(*bound);
            for (const RolloutStage& stage : rule.rollout)
                dates.insert(stage.from);
        }
    return dates;
}

// Rules with the same schedule hold together: one of each kind is asked.
std::vector<const Schedule*> schedules_of(const Policy& policy) {
    using Key = std::tuple<Instant, Instant, std::vector<HoursWindow>>;
    std::map<Key, const Schedule*> kinds;
    for (const Rule& rule : policy.rules())
        kinds.emplace(
            Key(rule.schedule.from.value_or(absl::InfinitePast()),
                rule.schedule.until.value_or(absl::InfiniteFuture()), rule.schedule.hours),
            &rule.schedule);
    std::vector<const Schedule*> schedules;
    for (const auto& [key, schedule] : kinds)
        schedules.push_back(schedule);
    return schedules;
}

}  // namespace

Timeline::Timeline(const Policy& before, const Policy& after, Instant from, absl::Duration length)
    : zone_(after.defaults().time_zone) {
    const std::vector<const Policy*> policies = {&before, &after};
    starts_ = {from};
    dated_ = {true};
    for (const Policy* policy : policies)
        collect_hours(*policy);
    cut(policies, length);
    find_situations(policies);
}

void Timeline::collect_hours(const Policy& policy) {
    for (const Rule& rule : policy.rules()) {
        const std::vector<HoursWindow>& windows = rule.schedule.hours;
        const absl::TimeZone zone = policy.defaults().time_zone;
        const bool known = std::ranges::any_of(hours_, [&](const Hours& each) {
            return each.windows == windows && each.zone == zone;
        });
        if (!windows.empty() && !known)
            hours_.push_back({.windows = windows, .zone = zone});
    }
}

void Timeline::cut(const std::vector<const Policy*>& policies, absl::Duration length) {
    const std::set<Instant> dates = dates_of(policies);
    end_ = starts_.front() + length;
    while (true) {
        const auto date = dates.upper_bound(starts_.back());
        Instant next = date == dates.end() ? absl::InfiniteFuture() : *date;
        for (const Hours& each : hours_)
            if (const auto edge =
                    Schedule{.hours = each.windows}.next_edge(starts_.back(), each.zone))
                next = std::min(next, *edge);
        if (next >= end_)
            return;
        if (starts_.size() == max_periods) {
            end_ = next;
            return;
        }
        starts_.push_back(next);
        dated_.push_back(date != dates.end() && *date == next);
    }
}

void Timeline::find_situations(const std::vector<const Policy*>& policies) {
    const std::set<Instant> dates = dates_of(policies);
    std::vector<std::vector<const Schedule*>> schedules;
    for (const Policy* policy : policies)
        schedules.push_back(schedules_of(*policy));
    absl::flat_hash_map<std::string, std::size_t> known;
    for (const Instant start : starts_) {
        std::string in_force;
        for (std::size_t i = 0; i < policies.size(); ++i)
            for (const Schedule* schedule : schedules[i])
                in_force += schedule->holds(start, policies[i]->defaults().time_zone) ? '1' : '0';
        // Of rollouts alone the dates matter here, of schedules too: more situations, none missed.
        in_force += std::to_string(
            std::distance(dates.begin(), dates.upper_bound(start)));  // dates that have come
        const auto [place, fresh] = known.try_emplace(std::move(in_force), moments_.size());
        if (fresh)
            moments_.push_back(start);
        places_.push_back(place->second);
    }
}

std::vector<Span> Timeline::spans(const std::vector<bool>& situations) const {
    std::vector<Span> spans;
    bool open = false;
    for (std::size_t i = 0; i < starts_.size(); ++i) {
        const bool held = situations[places_[i]];
        const Instant end = i + 1 < starts_.size() ? starts_[i + 1] : end_;
        if (held && open)
            spans.back().end = end;
        else if (held)
            spans.push_back({.start = starts_[i], .end = end});
        open = held;
    }
    return spans;
}

// A date alone where it is midnight.
std::string Timeline::day(Instant at) const {
    const absl::CivilSecond civil = absl::ToCivilSecond(at, zone_);
    const bool midnight = civil == absl::CivilSecond(absl::CivilDay(civil));
    const std::string seconds = civil.second() == 0 ? "" : ":%S";
    return absl::FormatTime(midnight ? "%Y-%m-%d" : "%Y-%m-%d %H:%M" + seconds, at, zone_);
}

// "from A until B", without the bounds that are those of the timeline.
std::string Timeline::bounds(Range range) const {
    std::string text;
    if (range.first != 0)
        text = fmt::format("from {}", day(starts_[range.first]));
    if (range.after != starts_.size())
        text += fmt::format("{}until {}", text.empty() ? "" : " ", day(starts_[range.after]));
    return text;
}

// `hours`, or the time outside them, where that says within some bounds when `held` is; else empty.
// Bounds grow to the nearest date over time that tells nothing.
std::string Timeline::pattern(const std::vector<bool>& held, Range range, const Hours& hours,
                              bool inside) const {
    const Schedule schedule{.hours = hours.windows};
    const auto agrees = [&](std::size_t i) {
        return (schedule.holds(starts_[i], hours.zone) == inside) == held[i];
    };
    for (std::size_t i = range.first; i < range.after; ++i)
        if (!agrees(i))
            return "";
    Range wide = range;
    while (!dated_[wide.first] && agrees(wide.first - 1))
        --wide.first;
    if (!dated_[wide.first])
        wide.first = range.first;
    while (wide.after < starts_.size() && !dated_[wide.after] && agrees(wide.after))
        ++wide.after;
    if (wide.after < starts_.size() && !dated_[wide.after])
        wide.after = range.after;
    std::vector<std::string> windows;
    for (const HoursWindow& window : hours.windows)
        windows.push_back(to_string(window));
    const std::string limits = bounds(wide);
    return fmt::format("{}{}{}{}", inside ? "" : "outside ", fmt::join(windows, ", "),
                       limits.empty() ? "" : " ", limits);
}

// The hours of the week at which `spans` lie, those longer than a day left out.
Timeline::Hours Timeline::weekly(const std::vector<Span>& spans) const {
    constexpr std::uint16_t minutes_of_day = 1440;
    std::map<std::pair<std::uint16_t, std::uint16_t>, std::uint8_t> days;
    for (const Span& span : spans) {
        if (span.end - span.start > absl::Hours(24))
            continue;
        const auto minutes = [&](Instant at) {
            const absl::CivilMinute civil = absl::ToCivilMinute(at, zone_);
            return static_cast<std::uint16_t>(civil.hour() * 60 + civil.minute());
        };
        const std::uint16_t end = minutes(span.end);
        const auto day =
            static_cast<unsigned>(absl::GetWeekday(absl::ToCivilDay(span.start, zone_)));
        std::uint8_t& set = days[{minutes(span.start), end == 0 ? minutes_of_day : end}];
        set = static_cast<std::uint8_t>(set | 1U << day);
    }
    Hours hours{.windows = {}, .zone = zone_};
    for (const auto& [times, set] : days)
        hours.windows.push_back({.days = set, .start = times.first, .end = times.second});
    return hours;
}

std::string Timeline::text(const std::vector<bool>& situations) const {
    std::vector<bool> held;
    for (const std::size_t place : places_)
        held.push_back(situations[place]);
    const auto first = static_cast<std::size_t>(std::ranges::find(held, true) - held.begin());
    const auto after =
        static_cast<std::size_t>(std::find(held.rbegin(), held.rend(), true).base() - held.begin());
    const std::vector<Span> all = spans(situations);
    const Range range{.first = first, .after = after};
    if (all.size() == 1) {
        const std::string limits = bounds(range);
        return limits.empty() ? "at any time" : limits;
    }
    for (const Hours& hours : hours_)
        for (const bool inside : {true, false})
            if (std::string words = pattern(held, range, hours, inside); !words.empty())
                return words;
    constexpr std::size_t most_windows = 4;
    if (const Hours hours = weekly(all);
        !hours.windows.empty() && hours.windows.size() <= most_windows)
        if (std::string words = pattern(held, range, hours, true); !words.empty())
            return words;
    constexpr std::size_t shown = 2;
    std::string text;
    for (std::size_t i = 0; i < std::min(shown, all.size()); ++i)
        text +=
            fmt::format("{}{} until {}", i == 0 ? "" : ", ", day(all[i].start), day(all[i].end));
    return all.size() > shown ? fmt::format("{} and {} more times", text, all.size() - shown)
                              : text;
}

}  // namespace octroi
