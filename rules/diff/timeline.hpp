#pragma once

#include <string>
#include <vector>

#include "rules/policy/policy.hpp"

namespace octroi {

/// A time, its end excluded.
struct Span {
    Instant start;
    Instant end;
};

/// The time ahead of two policies, cut at every moment at which a rule of either begins, ends or
/// changes its clients. Between two cuts nothing changes; cuts that leave the same rules and
/// rollout stages in force are one *situation*, however often it comes back. Immutable.
class Timeline {
  public:
    /// From `from` on for `length`. Where that has more than `max_periods` cuts it ends earlier.
    Timeline(const Policy& before, const Policy& after, Instant from, absl::Duration length);

    static constexpr std::size_t max_periods = 20'000;

    [[nodiscard]] Instant start() const { return starts_.front(); }

    [[nodiscard]] Instant end() const { return end_; }

    /// A moment of each situation.
    [[nodiscard]] const std::vector<Instant>& situations() const { return moments_; }

    /// When the situations that are set hold, neighbours joined.
    [[nodiscard]] std::vector<Span> spans(const std::vector<bool>& situations) const;

    /// The same in words: "from 2026-12-01", "Mon-Fri 07:00-20:00 until 2027-01-01", "at any time".
    [[nodiscard]] std::string text(const std::vector<bool>& situations) const;

  private:
    struct Hours {
        std::vector<HoursWindow> windows;
        absl::TimeZone zone;
    };

    struct Range {
        std::size_t first = 0;
        std::size_t after = 0;
    };

    void cut(const std::vector<const Policy*>& policies, absl::Duration length);
    void collect_hours(const Policy& policy);
    void find_situations(const std::vector<const Policy*>& policies);
    [[nodiscard]] std::string day(Instant at) const;
    [[nodiscard]] std::string bounds(Range range) const;
    [[nodiscard]] std::string pattern(const std::vector<bool>& held, Range range,
                                      const Hours& hours, bool inside) const;
    [[nodiscard]] Hours weekly(const std::vector<Span>& spans) const;

    std::vector<Instant> starts_;      ///< of each period
    std::vector<bool> dated_;          ///< by period: it starts at a date, not at an hour of hours
    std::vector<std::size_t> places_;  ///< by period: its situation
    std::vector<Instant> moments_;     ///< by situation
    std::vector<Hours> hours_;         ///< that rules of both policies name, each once
    Instant end_;
    absl::TimeZone zone_;  ///< that times are told in
};

}  // namespace octroi
