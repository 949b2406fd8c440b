#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/firewall/kernel_rules.hpp"

namespace octroi {

/// Looks again and again whether the kernel's rules are still octroi's. Where nothing in nf_tables
/// changed since the last look, that costs no process.
class DriftWatch {
  public:
    using Clock = std::chrono::steady_clock;

    struct Look {
        /// What differs, a sentence each; nothing where that is not known.
        std::optional<std::vector<std::string>> drift;
        std::vector<std::string> unread;  ///< what could not be looked at, likewise
    };

    explicit DriftWatch(const KernelRules& rules) : rules_(rules) {}

    /// Nothing where no look was called for. Rules that differ only in their generation (installed
    /// anew, restored from a file) are given `generation` again. Call once a second; looks at most
    /// that often, and once more where it could not look.
    [[nodiscard]] std::optional<Look> look(std::uint8_t generation, Clock::time_point now);

  private:
    [[nodiscard]] bool called_for(Clock::time_point now);
    [[nodiscard]] Look look_now(std::uint8_t generation) const;

    const KernelRules& rules_;
    std::optional<bool> notified_;           ///< whether the kernel tells of changes
    std::optional<std::uint32_t> revision_;  ///< of what was seen
    std::optional<Clock::time_point> looked_;
};

}  // namespace octroi
