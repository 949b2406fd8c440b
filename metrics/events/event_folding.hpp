#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>

#include <absl/container/flat_hash_map.h>

#include "metrics/events/event.hpp"

namespace octroi {

/// Folds repeats: of decisions that are alike but for the client's port, the first is written at
/// once, and of those that follow within the window one, the newest, when it ends. That one's
/// `suppressed` counts the others, so that the sum over all that is written, 1 + `suppressed` each,
/// is exact. For one thread.
class EventFolding {
  public:
    using Clock = std::chrono::steady_clock;
    using Write = std::function<void(const Event&)>;

    static constexpr std::size_t capacity = 4096;

    /// A window of 0 folds nothing.
    EventFolding(std::chrono::seconds window, Write write)
        : window_(window), write_(std::move(write)) {}

    /// Where the table is full an event is written as it is.
    void take(const Event& event, Clock::time_point now);

    /// Writes what windows that have ended hold.
    void flush(Clock::time_point now);

    /// Writes all that is held.
    void flush_all();

  private:
    struct Held {
        FlowRecord newest;
        std::uint64_t count = 0;
    };

    struct Window {
        Clock::time_point end;
        std::string key;
    };

    void close_oldest();

    std::chrono::seconds window_;
    Write write_;
    absl::flat_hash_map<std::string, Held> held_;
    std::deque<Window> windows_;  ///< in the order of their ends
};

}  // namespace octroi
