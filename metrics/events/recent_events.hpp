#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace octroi {

/// The last few events, as lines, for whoever looks at the daemon. Thread-safe.
class RecentEvents {
  public:
    static constexpr std::size_t capacity = 50;

    void add(std::string line) {
        const std::lock_guard lock(mutex_);
        if (lines_.size() == capacity)
            lines_.pop_back();
        lines_.push_front(std::move(line));
    }

    [[nodiscard]] std::vector<std::string> newest_first() const {
        const std::lock_guard lock(mutex_);
        return {lines_.begin(), lines_.end()};
    }

  private:
    mutable std::mutex mutex_;
    std::deque<std::string> lines_;
};

}  // namespace octroi
