#include "daemon/gateway/event_loss.hpp"

#include <fmt/format.h>

namespace octroi {
namespace {

constexpr auto calm = std::chrono::minutes(1);

std::map<std::string, std::uint64_t> losses_of(const EventLog& log) {
    std::map<std::string, std::uint64_t> losses = {{"all: ring_full", log.dropped()}};
    for (const auto& sink : log.sinks())
        for (std::size_t i = 0; i < loss_names.size(); ++i)
            losses[fmt::format("{}: {}", sink->name(), loss_names[i])] =
                sink->lost(static_cast<Loss>(i));
    return losses;
}

}  // namespace

std::optional<HealthEvent> EventLoss::look(const EventLog& log, Clock::time_point now) {
    std::string grown;
    for (const auto& [cause, count] : losses_of(log)) {
        std::uint64_t& seen = seen_[cause];
        if (count > seen)
            grown += (grown.empty() ? "" : ", ") + cause;
        seen = count;
    }
    HealthEvent change{.time = std::chrono::system_clock::now(), .condition = "events_lost"};
    if (!grown.empty()) {
        const bool begins = !last_;
        last_ = now;
        change.holds = true;
        change.detail = grown;
        return begins ? std::optional(change) : std::nullopt;
    }
    if (!last_ || now - *last_ < calm)
        return std::nullopt;
    last_.reset();
    return change;
}

}  // namespace octroi
