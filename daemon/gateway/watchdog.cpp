#include "daemon/gateway/watchdog.hpp"

namespace octroi {

bool Watchdog::progresses(std::size_t thread, std::uint64_t rounds, Clock::time_point now) {
    Seen& seen = seen_[thread];
    if (seen.rounds != rounds)
        seen = {.rounds = rounds, .since = now};
    return now - seen.since <= patience;
}

}  // namespace octroi
