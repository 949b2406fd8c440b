#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "classifiers/net/packet.hpp"

namespace octroi {

/// Lets something be told once a second at most, however often it happens.
class RateLimit {
  public:
    /// Nothing where it is not to be told; else how often it was not told since the last time.
    [[nodiscard]] std::optional<std::uint64_t> at(Time now) {
        // A clock that was set back does not silence it.
        if (told_ && now >= *told_ && now - *told_ < std::chrono::seconds(1)) {
            ++untold_;
            return std::nullopt;
        }
        told_ = now;
        return std::exchange(untold_, 0);
    }

  private:
    std::optional<Time> told_;
    std::uint64_t untold_ = 0;
};

}  // namespace octroi
