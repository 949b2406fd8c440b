#pragma once

#include <cstdint>
#include <optional>

namespace octroi {

/// How many packets the kernel passed without an answer of octroi's, under `on_failure: open`: it
/// counts them nowhere. Each reading compares what met the queue rule with what was answered.
class BypassCounter {
  public:
    /// The three numbers of one moment, taken in this order. So a packet under way may stand in two
    /// of them, but in none only until the next reading.
    struct Reading {
        std::uint64_t to_queue = 0;  ///< met the queue rule, since that was made
        std::uint64_t waiting = 0;   ///< in the queues
        std::uint64_t answered = 0;  ///< by this process
    };

    /// Takes a reading and gives the number so far; it never falls.
    std::uint64_t update(const Reading& now);

  private:
    std::optional<Reading> last_;
    std::int64_t surplus_ = 0;
    std::uint64_t most_ = 0;
};

}  // namespace octroi
