#pragma once

#include <memory>
#include <mutex>

#include "daemon/ruleset.hpp"

namespace octroi {

/// The ruleset in force, exchanged by the control thread while other threads take it. Thread-safe.
///
/// Not std::atomic<std::shared_ptr>: libstdc++ 12's load() lets go of its lock without release
/// order, so that a store may overtake it. Both take a lock and count a reference.
class PublishedRuleset {
  public:
    using Pointer = std::shared_ptr<const Ruleset>;

    void store(Pointer ruleset) {
        const std::scoped_lock lock(mutex_);
        ruleset_.swap(ruleset);  // the old one ends with the argument, behind the lock
    }

    /// What is in force; null before the first store().
    [[nodiscard]] Pointer load() const {
        const std::scoped_lock lock(mutex_);
        return ruleset_;
    }

  private:
    mutable std::mutex mutex_;
    Pointer ruleset_;
};

}  // namespace octroi
