#include "daemon/drift_watch.hpp"

#include <algorithm>

#include "daemon/nft_revision.hpp"

namespace octroi {
namespace {

constexpr auto shortest = std::chrono::milliseconds(900);
// Where the kernel tells nothing. Drift is to be noticed within 5 s.
constexpr auto blind = std::chrono::seconds(3);

}  // namespace

std::optional<std::vector<std::string>> DriftWatch::look(std::uint8_t generation,
                                                         Clock::time_point now) {
    if (!called_for(now))
        return std::nullopt;
    looked_ = now;
    auto state = firewall_.inspect();
    if (!state)
        return std::vector{"the rules can't be read: " + state.error()};
    const bool in_force = std::ranges::all_of(
        state->generations, [&](const auto& found) { return found == generation; });
    if (state->differences.empty() && !in_force)
        if (const auto set = firewall_.set_generation(generation); !set)
            state->differences.push_back("the rules have another generation: " + set.error());
    return state->drift();
}

bool DriftWatch::called_for(Clock::time_point now) {
    if (looked_ && now - *looked_ < shortest)
        return false;
    if (!notified_)
        notified_ = firewall_.kernel_tells_of_changes();
    const auto revision = *notified_ ? nft_revision() : std::nullopt;
    if (!revision)
        return !looked_ || now - *looked_ >= blind;
    if (revision == revision_)
        return false;
    revision_ = revision;  // read before the rules are: a change between the two is seen next time
    return true;
}

}  // namespace octroi
