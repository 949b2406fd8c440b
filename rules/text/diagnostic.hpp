#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace octroi {

/// A place in a text file; lines and columns count from 1, columns in octets. Line 0: the whole
/// file.
struct Position {
    std::size_t line = 0;
    std::size_t column = 0;

    auto operator<=>(const Position&) const = default;
};

enum class Severity : std::uint8_t { error, warning };

[[nodiscard]] constexpr std::string_view to_string(Severity severity) {
    return severity == Severity::error ? "error" : "warning";
}

/// Stable codes of what can be wrong in a file; docs/errors.md has an entry for each.
enum class Code : std::uint8_t {
    unreadable = 1,
    too_large = 2,
    syntax = 3,
    nesting = 4,
    too_many_nodes = 5,
    duplicate_key = 6,
    wrong_type = 7,
    missing_key = 8,
    unknown_key = 9,
    bad_value = 10,
    bad_version = 11,
    unknown_service = 12,
    bad_network = 13,
    bad_domain = 14,
    duplicate_name = 15,
    unknown_zone = 16,
    conflicting_claim = 17,
    bad_port = 18,
    too_many = 19,
    bad_encoding = 20,
    unknown_list = 21,
    bad_time = 22,
    conflict = 23,

    // Warnings: what a file that can be used probably does not mean.
    first_warning = 100,
    never_decides = 101,
    impossible_conditions = 102,
    past_dates = 103,
    exemption_expired = 104,
    exemption_expiring = 105,
    exemption_unbounded = 106,
    overlapping_zones = 107,
    nothing_inside = 108,
    untested_rule = 109,
    idle_stage = 110,
    not_examined = 111,
};

/// "E012", "W001": as messages and docs/errors.md write it.
[[nodiscard]] std::string to_string(Code code);

[[nodiscard]] constexpr Severity severity_of(Code code) {
    return code > Code::first_warning ? Severity::warning : Severity::error;
}

/// One thing found in one file.
struct Finding {
    Code code{};
    std::string file;
    Position position;
    std::string text;
    std::string source_line;  ///< the line at `position`, empty where there is none
    std::string hint;         ///< the cure, empty where there is none to name
};

/// "file:line:column: error[E012]: text", then the line, a caret under the column, and the hint.
[[nodiscard]] std::string render(const Finding& finding);

/// The candidate nearest to `word` by edit distance, or empty where none is near enough to be a
/// likely misspelling.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

}  // namespace octroi
