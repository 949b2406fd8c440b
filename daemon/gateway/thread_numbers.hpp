#pragma once

#include <cstddef>
#include <cstdint>

namespace octroi {

/// Which counters (SeriesRegistry::worker()) and which ring of events (EventLog) are whose: each is
/// written by one thread alone.
class ThreadNumbers {
  public:
    explicit constexpr ThreadNumbers(std::uint16_t queues) : queues_(queues) {}

    /// A queue's worker has the queue's place, from 0.
    [[nodiscard]] constexpr std::size_t control() const { return queues_; }

    [[nodiscard]] constexpr std::size_t accounting() const { return queues_ + 1U; }

    /// Of all threads that count or tell.
    [[nodiscard]] constexpr std::size_t count() const { return queues_ + 2U; }

  private:
    std::uint16_t queues_;
};

}  // namespace octroi
