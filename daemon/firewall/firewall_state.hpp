#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace octroi {

/// The kernel's rules beside the configured ones.
struct FirewallState {
    std::vector<std::string> differences;  ///< a sentence each; empty: none
    /// Rules of others that may take packets past octroi, likewise.
    std::vector<std::string> ways_past;
    std::vector<std::string> unread;  ///< what could not be looked at, likewise
    /// The generation that the rules accept now, of each family where each has rules of its own;
    /// nothing where they are absent.
    std::vector<std::optional<std::uint8_t>> generations;

    [[nodiscard]] bool installed() const {
        return std::ranges::all_of(generations,
                                   [](const auto& found) { return found.has_value(); });
    }

    /// Differences and ways past, as far as one could look.
    [[nodiscard]] std::vector<std::string> drift() const {
        std::vector<std::string> all = differences;
        all.insert(all.end(), ways_past.begin(), ways_past.end());
        return all;
    }
};

}  // namespace octroi
