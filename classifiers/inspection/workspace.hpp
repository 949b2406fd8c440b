#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "classifiers/clear/ndpi.hpp"
#include "classifiers/net/memory_budget.hpp"
#include "classifiers/quic/quic_hello.hpp"

namespace octroi {

/// What the inspectors of one worker share: buffers that outlive the flows.
struct Workspace {
    bool ask_ndpi_always = false;  ///< also about flows that octroi's own parsers know
    bool keep_read =
        true;  ///< what was read, until the server has taken it: to find it contradicted
    std::size_t undecided_octets = 0;  ///< payload that a flow may move before its end; 0: no bound
    bool sees_all = false;             ///< long enough: what is on its way began in sight
    MemoryBudget budget;
    std::vector<std::uint8_t> scratch;
    std::vector<std::uint8_t> without_urgent;  ///< a client's stream as its server reads it
    quic::Opener quic;
    Ndpi ndpi;

    explicit Workspace(std::size_t buffer_limit) : budget(buffer_limit, buffer_limit / 8) {}
};

}  // namespace octroi
