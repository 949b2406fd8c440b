#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace octroi {

/// Tells whether threads still go round, by a number that each of them makes grow.
class Watchdog {
  public:
    using Clock = std::chrono::steady_clock;

    /// A worker makes its number grow every second, however idle it is.
    static constexpr auto patience = std::chrono::seconds(3);

    Watchdog(std::size_t threads, Clock::time_point now) : seen_(threads, {.since = now}) {}

    /// Takes note of a thread's number. False where it has been the same for longer than
    /// `patience`.
    [[nodiscard]] bool progresses(std::size_t thread, std::uint64_t rounds, Clock::time_point now);

  private:
    struct Seen {
        std::uint64_t rounds = 0;
        Clock::time_point since;
    };

    std::vector<Seen> seen_;
};

}  // namespace octroi
