#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/policy/schedule.hpp"

namespace octroi {

/// Figures by name, for so many names at most; the rest together. A file of events may hold any
/// names.
template <typename Value>
class Tally {
  public:
    static constexpr std::size_t limit = 5000;
    static constexpr std::string_view rest = "(others)";

    using Entry = std::pair<std::string, Value>;

    Value& operator[](std::string_view name) {
        const auto found = values_.find(name);
        if (found != values_.end())
            return found->second;
        return values_[std::string(values_.size() < limit ? name : rest)];
    }

    [[nodiscard]] bool empty() const { return values_.empty(); }

    [[nodiscard]] const std::map<std::string, Value, std::less<>>& by_name() const {
        return values_;
    }

    /// The greatest first, as `size` measures them.
    template <typename Size>
    [[nodiscard]] std::vector<Entry> by_size(Size size) const {
        std::vector<Entry> entries(values_.begin(), values_.end());
        std::ranges::stable_sort(entries, std::ranges::greater(),
                                 [&](const Entry& entry) { return size(entry.second); });
        return entries;
    }

  private:
    std::map<std::string, Value, std::less<>> values_;
};

/// What became of flows.
struct Outcomes {
    std::uint64_t refused = 0;
    std::uint64_t would = 0;     ///< be refused, but for monitor mode
    std::uint64_t accepted = 0;  ///< as far as events tell of such flows

    [[nodiscard]] std::uint64_t total() const { return refused + would + accepted; }
};

/// The time that something was seen in.
struct Seen {
    std::optional<Instant> first;
    std::optional<Instant> last;

    void at(Instant moment) {
        first = first ? std::min(*first, moment) : moment;
        last = last ? std::max(*last, moment) : moment;
    }
};

/// A run of one gateway's daemon, whose events are numbered.
struct Run {
    std::string gateway;
    std::string boot;
    Seen seen;
    std::uint64_t events = 0;
    std::uint64_t numbered = 0;
    std::uint64_t lowest = 0;
    std::uint64_t highest = 0;

    /// Numbers between the lowest and the highest that no event has.
    [[nodiscard]] std::uint64_t missing() const {
        const std::uint64_t span = numbered == 0 ? 0 : highest - lowest + 1;
        return span > numbered ? span - numbered : 0;
    }

    /// More events than numbers: some were read twice.
    [[nodiscard]] std::uint64_t repeated() const {
        const std::uint64_t span = numbered == 0 ? 0 : highest - lowest + 1;
        return numbered > span ? numbered - span : 0;
    }
};

struct PolicyRevision {
    Seen seen;
    std::uint64_t events = 0;
};

/// What flows of a conferencing service carried, and how many there were.
struct Carried {
    Outcomes decided;
    std::uint64_t ended = 0;  ///< accepted flows that have ended
    std::uint64_t bytes = 0;  ///< of these
};

/// Something that happened once: a policy loaded or refused, a fault that began or ended.
struct Incident {
    Instant time;
    std::string gateway;
    std::string what;
    std::string detail;
};

struct ReportPeriod {
    Instant from;  ///< included
    Instant to;    ///< excluded
    absl::TimeZone zone = absl::UTCTimeZone();
};

/// What the events of a period add up to.
struct ReportFigures {
    static constexpr std::size_t max_incidents = 500;

    std::uint64_t events = 0;   ///< within the period
    std::uint64_t outside = 0;  ///< of another time
    std::uint64_t broken = 0;   ///< lines that are no event
    Tally<std::uint64_t> types;
    Tally<Run> runs;
    Tally<PolicyRevision> policies;

    Outcomes decisions;
    std::uint64_t names_refused = 0;  ///< of the refused ones: answers to DNS questions
    std::uint64_t folded = 0;         ///< of the decisions: told by a number alone
    Tally<Outcomes> gateways;
    Tally<Outcomes> services;
    Tally<Outcomes> zones;
    Tally<Outcomes> rules;
    Tally<Outcomes> days;
    Tally<Outcomes> exceptions;
    Tally<Carried> conferencing;
    std::uint64_t flow_ends = 0;

    std::uint64_t clients_full = 0;       ///< decisions that name the client's address
    std::uint64_t clients_pseudonym = 0;  ///< that name it by a pseudonym
    std::uint64_t clients_zone = 0;       ///< that name its zone at most
    Tally<std::uint64_t> key_epochs;

    std::vector<Incident> incidents;  ///< the first ones
    std::uint64_t more_incidents = 0;
};

/// A file that went into a report.
struct ReportInput {
    std::string path;
    std::string sha256;
    std::uint64_t octets = 0;
    std::uint64_t lines = 0;
    std::uint64_t broken = 0;
    std::string cut_off;  ///< why it ended early; empty where it did not
};

}  // namespace octroi
