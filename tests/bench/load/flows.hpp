#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "tests/bench/load/sockets.hpp"

namespace load {

using Buffer = std::vector<std::uint8_t>;

/// What the client does.
struct Plan {
    int kind = 0;  ///< SOCK_STREAM or SOCK_DGRAM
    sockaddr_in server{};
    Sources sources;
    std::vector<Buffer> passed;   ///< what flows send first, one after the other
    std::vector<Buffer> refused;  ///< the same, of the flows to blocked names
};

/// What became of the flows.
struct Counts {
    std::uint64_t answered = 0;
    std::uint64_t reset = 0;
    std::uint64_t timed_out = 0;
    double seconds = 0;
};

/// Makes one flow after the other, 64 at a time, every fifth to a blocked name: connect, send, wait
/// for the first answer, close. Ends after so many flows or so much time, whichever comes first.
[[nodiscard]] Counts make_flows(Plan plan, std::uint64_t flows, std::chrono::duration<double> time);

/// Makes `count` flows one by one with a pause between them. Gives how long each took from
/// connect() until it was answered, or reset, in microseconds, in ascending order.
[[nodiscard]] std::vector<double> time_flows(Plan plan, std::uint64_t count, const Buffer& first);

}  // namespace load
