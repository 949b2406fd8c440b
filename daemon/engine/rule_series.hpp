#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "metrics/series/names.hpp"
#include "metrics/series/series.hpp"
#include "rules/policy/policy.hpp"

namespace octroi {

inline constexpr const char* rule_hits_metric = metric::rule_hits_total;
inline constexpr const char* rule_last_hit_metric = metric::rule_last_hit_timestamp_seconds;

/// The slots of octroi_rule_hits_total and octroi_rule_last_hit_timestamp_seconds for one policy.
/// Rules behind the first `max_named` share the series of the rule `_other`.
class RuleSeries {
  public:
    static constexpr std::size_t max_named = 500;

    RuleSeries() = default;
    RuleSeries(SeriesRegistry& registry, const Policy& policy);

    /// Counts the rules that decided a flow: the one that acted, and the one that would have.
    /// `seconds` is the time (Unix).
    void count(WorkerCounters& counters, const Policy& policy, const Decision& decision,
               std::uint64_t seconds) const;

    /// The name that the series of rules()[index] carry.
    [[nodiscard]] static std::string_view label(const Policy& policy, std::size_t index);

  private:
    struct Slots {
        std::array<Slot, mode_names.size()> hits{};  ///< by mode
        Slot last_hit = 0;
    };

    std::vector<Slots> slots_;  ///< by rule; the last one is `_other`
};

}  // namespace octroi
