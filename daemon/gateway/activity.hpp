#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace octroi {

/// What the control thread is busy with, for other threads to read: a reload takes a while where
/// there are many rules or connections.
class Activity {
  public:
    enum class Phase : std::uint8_t { none, reading, retiring_marks, exchanging_rules };

    struct View {
        Phase phase{};
        std::uint64_t done = 0;
        std::uint64_t total = 0;  ///< 0: this phase cannot tell
    };

    void enter(Phase phase) {
        total_ = 0;
        done_ = 0;
        phase_ = phase;
    }

    void advance(std::uint64_t done, std::uint64_t total) {
        done_ = done;
        total_ = total;
    }

    /// The three values may be of two moments: it is looked at by people.
    [[nodiscard]] View view() const { return {.phase = phase_, .done = done_, .total = total_}; }

  private:
    std::atomic<Phase> phase_{Phase::none};
    std::atomic<std::uint64_t> done_{0};
    std::atomic<std::uint64_t> total_{0};
};

inline constexpr std::array<std::string_view, 4> phase_names = {
    "none", "reading policy and catalogue", "taking old marks from connections",
    "exchanging the kernel's rules"};

[[nodiscard]] constexpr std::string_view to_string(Activity::Phase phase) {
    return phase_names[static_cast<std::size_t>(phase)];
}

}  // namespace octroi
