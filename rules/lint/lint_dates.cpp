#include <algorithm>

#include <fmt/format.h>

#include "rules/lint/lint.hpp"

namespace octroi {
namespace {

constexpr absl::Duration a_day = absl::Hours(24);
constexpr absl::Duration soon = absl::Hours(30 * 24);
constexpr absl::Duration far = absl::Hours(2 * 366 * 24);

class DateLint {
  public:
    DateLint(const Policy& policy, std::vector<Finding>& findings)
        : policy_(policy), findings_(findings) {}

    void look_at(const Rule& rule) {
        if (rule.schedule.until)
            look_at_end(rule, *rule.schedule.until);
        if (never_comes(rule.schedule))
            add(rule, Code::impossible_conditions,
                fmt::format("the hours of `{}` never come between its dates", rule.name),
                "correct `hours`, `from` or `until`");
        for (std::size_t i = 0; i < rule.rollout.size(); ++i)
            look_at_stage(rule, i);
    }

  private:
    void add(const Rule& rule, Code code, std::string text, std::string hint) {
        findings_.push_back({.code = code,
                             .file = rule.file,
                             .position = rule.position,
                             .text = std::move(text),
                             .hint = std::move(hint)});
    }

    [[nodiscard]] std::string date(Instant at) const {
        return to_string(at, policy_.defaults().time_zone);
    }

    void look_at_end(const Rule& rule, Instant until) {
        const absl::Duration left = until - policy_.moment();
        const std::string what =
            fmt::format("{}`{}`", rule.exemption ? "the exemption " : "", rule.name);
        if (left <= absl::ZeroDuration())
            return add(rule, rule.exemption ? Code::exemption_expired : Code::past_dates,
                       fmt::format("{} ended at {}", what, date(until)),
                       rule.exemption ? fmt::format("remove it, or renew it with {} ({})",
                                                    rule.owner, rule.ticket)
                                      : "remove it, or give it a later `until`");
        if (!rule.exemption)
            return;
        if (left <= soon)
            add(rule, Code::exemption_expiring,
                fmt::format("{} ends in {} days, at {}", what, left / a_day, date(until)),
                fmt::format("ask {} ({}) whether it is still needed", rule.owner, rule.ticket));
        if (left > far)
            add(rule, Code::exemption_unbounded,
                fmt::format("{} ends only at {}, more than two years from now", what, date(until)),
                "choose a nearer end and renew it, or make it a rule");
    }

    // Between the two dates there is no hour at which the rule is there.
    [[nodiscard]] bool never_comes(const Schedule& schedule) const {
        if (!schedule.from || !schedule.until || schedule.hours.empty())
            return false;
        const absl::TimeZone zone = policy_.defaults().time_zone;
        if (schedule.holds(*schedule.from, zone))
            return false;
        const auto next = schedule.next_edge(*schedule.from, zone);
        return !next || *next >= *schedule.until;
    }

    // A stage adds nobody where another one reaches all its clients, and not later.
    void look_at_stage(const Rule& rule, std::size_t number) {
        const RolloutStage& stage = rule.rollout[number];
        for (std::size_t i = 0; i < rule.rollout.size(); ++i) {
            const RolloutStage& other = rule.rollout[i];
            const bool reaches = other.from <= stage.from && other.percent >= stage.percent &&
                                 (!other.zone || other.zone == stage.zone);
            const bool same = other.from == stage.from && other.percent == stage.percent &&
                              other.zone == stage.zone;
            if (i == number || !reaches || (same && i > number))
                continue;
            return add(rule, Code::idle_stage,
                       fmt::format("stage {} of the rollout of `{}` adds nobody: stage {} reaches "
                                   "its clients already",
                                   number + 1, rule.name, i + 1),
                       "remove the stage; who is reached once stays reached");
        }
    }

    const Policy& policy_;
    std::vector<Finding>& findings_;
};

}  // namespace

void lint_dates(const Policy& policy, std::vector<Finding>& findings) {
    DateLint dates(policy, findings);
    for (const Rule& rule : policy.rules())
        dates.look_at(rule);
}

}  // namespace octroi
