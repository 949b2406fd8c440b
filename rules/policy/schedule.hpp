#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

namespace octroi {

/// A moment, as policies are asked about: to the second.
using Instant = absl::Time;

/// Some hours of some days of the week, in the policy's time zone: `Mon-Fri 07:00-20:00`. A window
/// whose end is not after its start ends on the next day and belongs to the day it starts on.
struct HoursWindow {
    std::uint8_t days = 0x7f;  ///< bit 0: Monday
    std::uint16_t start = 0;   ///< minutes after midnight
    std::uint16_t end = 0;     ///< minutes after midnight, 1440 for its end

    auto operator<=>(const HoursWindow&) const = default;
};

/// Reads `[DAYS] HH:MM-HH:MM`; DAYS are `Mon`, `Mon-Fri`, `Sat,Sun` or absent for every day.
[[nodiscard]] std::optional<HoursWindow> parse_hours(std::string_view text);

/// As parse_hours() reads it: "Mon-Fri 07:00-20:00", "22:00-06:00" for every day.
[[nodiscard]] std::string to_string(const HoursWindow& window);

/// Reads `2026-12-01`, `2026-12-01T08:00` or `2026-12-01T08:00:30` as a moment of `zone`, or the
/// same with `Z` or an offset. A day that does not exist is none. With `end_of_day` a date alone
/// stands for its end, the first moment of the next day.
[[nodiscard]] std::optional<Instant> parse_moment(std::string_view text, absl::TimeZone zone,
                                                  bool end_of_day = false);

/// The time zone of that name in the tz database (`Europe/Paris`, `UTC`).
[[nodiscard]] std::optional<absl::TimeZone> find_time_zone(const std::string& name);

/// When a rule holds: from one moment to another, within some hours.
struct Schedule {
    std::optional<Instant> from;     ///< included
    std::optional<Instant> until;    ///< excluded
    std::vector<HoursWindow> hours;  ///< none: always

    [[nodiscard]] bool always() const { return !from && !until && hours.empty(); }

    [[nodiscard]] bool holds(Instant at, absl::TimeZone zone) const;

    /// The first moment after `at` at which `holds` may change; nothing where it never does.
    [[nodiscard]] std::optional<Instant> next_edge(Instant at, absl::TimeZone zone) const;
};

/// "2026-12-01T08:00:00+01:00"
[[nodiscard]] std::string to_string(Instant at, absl::TimeZone zone);

}  // namespace octroi
