#include "rules/policy/policy_times.hpp"

#include <fmt/format.h>

namespace octroi {
namespace {

constexpr std::size_t max_windows = 64;
constexpr std::size_t max_stages = 64;

std::optional<HoursWindow> read_window(Report& report, const yaml::Node* node) {
    const auto text = read_text(report, node);
    if (!text)
        return std::nullopt;
    auto window = parse_hours(*text);
    if (!window)
        report.error(Code::bad_time, node->position, fmt::format("`{}` are no hours", *text),
                     "write `Mon-Fri 07:00-20:00`, `Sat,Sun 00:00-24:00` or `22:00-06:00`");
    return window;
}

}  // namespace

std::optional<Instant> read_moment(Report& report, const yaml::Node* node, absl::TimeZone zone,
                                   bool end_of_day) {
    const auto text = read_text(report, node);
    if (!text)
        return std::nullopt;
    auto moment = parse_moment(*text, zone, end_of_day);
    if (!moment)
        report.error(Code::bad_time, node->position,
                     fmt::format("`{}` is no date that exists", *text),
                     "write `2026-12-01`, or `2026-12-01T08:00` in the policy's time zone");
    return moment;
}

Schedule read_schedule(Report& report, Fields& fields, absl::TimeZone zone) {
    Schedule schedule;
    const yaml::Node* until = fields.optional("until");
    schedule.from = read_moment(report, fields.optional("from"), zone);
    schedule.until = read_moment(report, until, zone, true);
    if (schedule.from && schedule.until && *schedule.until <= *schedule.from)
        report.error(Code::bad_time, until->position, "this ends before it begins",
                     "`until` must be after `from`");
    const yaml::Node* hours = fields.optional("hours");
    const auto windows = elements(hours);
    if (windows.size() > max_windows)
        report.error(Code::too_many, hours->position,
                     fmt::format("more than {} windows of hours", max_windows));
    else
        for (const yaml::Node* each : windows)
            if (const auto window = read_window(report, each))
                schedule.hours.push_back(*window);
    return schedule;
}

std::vector<RolloutStage> read_rollout(Report& report, const yaml::Node* node, absl::TimeZone zone,
                                       const std::vector<Zone>& zones) {
    std::vector<RolloutStage> stages;
    const auto nodes = read_list(report, node);
    if (nodes.size() > max_stages) {
        report.error(Code::too_many, node->position,
                     fmt::format("more than {} stages", max_stages));
        return stages;
    }
    std::vector<std::string_view> zone_names;
    for (const Zone& each : zones)
        zone_names.push_back(each.name);
    for (const yaml::Node* each : nodes) {
        Fields fields(report, *each, "a stage of a rollout");
        RolloutStage stage;
        if (const auto from = read_moment(report, fields.required("from"), zone))
            stage.from = *from;
        stage.zone = read_word(report, fields.optional("zone"), Code::unknown_zone,
                               "a zone of this policy", zone_names);
        stage.percent = static_cast<unsigned>(
            read_integer(report, fields.optional("percent"), 1, 100).value_or(100));
        fields.finish();
        stages.push_back(stage);
    }
    return stages;
}

}  // namespace octroi
