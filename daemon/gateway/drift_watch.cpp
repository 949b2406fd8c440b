#include "daemon/gateway/drift_watch.hpp"

#include <algorithm>
#include <utility>

namespace octroi {
namespace {

constexpr auto shortest = std::chrono::milliseconds(900);
// Where the kernel tells nothing. Drift is to be noticed within 5 s.
constexpr auto blind = std::chrono::seconds(3);

}  // namespace

std::optional<DriftWatch::Look> DriftWatch::look(std::uint8_t generation, Clock::time_point now) {
    if (!called_for(now))
        return std::nullopt;
    looked_ = now;
    Look seen = look_now(generation);
    if (!seen.unread.empty())
        revision_.reset();  // this one has not been seen
    return seen;
}

DriftWatch::Look DriftWatch::look_now(std::uint8_t generation) const {
    auto state = rules_.inspect();
    if (!state)
        return {.drift = std::nullopt, .unread = {std::move(state.error())}};
    const bool in_force = std::ranges::all_of(
        state->generations, [&](const auto& found) { return found == generation; });
    if (state->differences.empty() && !in_force)
        if (const auto set = rules_.set_generation(generation); !set)
            state->differences.push_back("the rules have another generation: " + set.error());
    auto drift = state->drift();
    if (drift.empty() && !state->unread.empty())
        return {.drift = std::nullopt, .unread = std::move(state->unread)};
    return {.drift = std::move(drift), .unread = std::move(state->unread)};
}

bool DriftWatch::called_for(Clock::time_point now) {
    if (looked_ && now - *looked_ < shortest)
        return false;
    if (!notified_)
        if (const auto told = rules_.kernel_tells_of_changes())
            notified_ = *told;
    const auto revision =
        notified_.value_or(false) ? rules_.revision().value_or(std::nullopt) : std::nullopt;
    if (!revision)
        return !looked_ || now - *looked_ >= blind;
    if (revision == revision_)
        return false;
    revision_ = revision;  // read before the rules are: a change between the two is seen next time
    return true;
}

}  // namespace octroi
