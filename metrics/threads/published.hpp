#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace octroi {

/// What one thread exchanges as a whole while others take it. Thread-safe.
///
/// Not std::atomic<std::shared_ptr>: libstdc++ 12's load() lets go of its lock without release
/// order, so that a store may overtake it. Both take a lock and count a reference.
template <typename T>
class Published {
  public:
    using Pointer = std::shared_ptr<const T>;

    Published() = default;

    explicit Published(Pointer first) : current_(std::move(first)) {}

    void store(Pointer next) {
        const std::scoped_lock lock(mutex_);
        current_.swap(next);  // the old one ends with the argument, behind the lock
    }

    /// What was stored last; null before the first store().
    [[nodiscard]] Pointer load() const {
        const std::scoped_lock lock(mutex_);
        return current_;
    }

  private:
    mutable std::mutex mutex_;
    Pointer current_;
};

}  // namespace octroi
