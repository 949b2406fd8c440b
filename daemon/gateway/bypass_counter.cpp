#include "daemon/gateway/bypass_counter.hpp"

#include <algorithm>

namespace octroi {
namespace {

std::int64_t growth(std::uint64_t now, std::uint64_t before) {
    return static_cast<std::int64_t>(now - before);
}

}  // namespace

std::uint64_t BypassCounter::update(const Reading& now) {
    // A rule that counts less than before was made anew.
    if (last_ && now.to_queue >= last_->to_queue)
        surplus_ += growth(now.to_queue, last_->to_queue) - growth(now.waiting, last_->waiting) -
                    growth(now.answered, last_->answered);
    last_ = now;
    most_ = std::max(most_, static_cast<std::uint64_t>(std::max(surplus_, std::int64_t{0})));
    return most_;
}

}  // namespace octroi
