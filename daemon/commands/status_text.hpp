#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace octroi {

/// What of a status to show.
struct StatusView {
    bool rules = false;                   ///< the rules in place of the overview
    std::optional<std::uint32_t> unused;  ///< only rules that no flow met for so many days
};

/// A status for people, ages as of now.
struct StatusText {
    std::string text;
    bool busy = false;  ///< the daemon is at a reload: look again soon
};

/// `status` (status_json) as lines for a terminal. What strangers chose in it (names) is shown
/// without control characters.
[[nodiscard]] std::expected<StatusText, std::string> status_text(const std::string& status,
                                                                 StatusView view);

}  // namespace octroi
