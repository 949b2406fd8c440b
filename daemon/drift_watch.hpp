#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/firewall.hpp"

namespace octroi {

/// Looks again and again whether the kernel's rules are still octroi's. Where nothing in nf_tables
/// changed since the last look, that costs no process.
class DriftWatch {
  public:
    using Clock = std::chrono::steady_clock;

    explicit DriftWatch(const Firewall& firewall) : firewall_(firewall) {}

    /// What differs, a sentence each, where the rules were looked at; nothing where that was not
    /// called for. Rules that differ only in their generation (installed anew, restored from a
    /// file) are given `generation` again. Call once a second; looks at most that often.
    [[nodiscard]] std::optional<std::vector<std::string>> look(std::uint8_t generation,
                                                               Clock::time_point now);

  private:
    [[nodiscard]] bool called_for(Clock::time_point now);

    const Firewall& firewall_;
    std::optional<bool> notified_;  ///< whether the kernel tells of changes
    std::optional<std::uint32_t> revision_;
    std::optional<Clock::time_point> looked_;
};

}  // namespace octroi
