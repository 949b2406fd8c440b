#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "rules/diff/policy_diff.hpp"
#include "rules/services/catalogue.hpp"

namespace octroi {

/// Two policies to ask about the same flows.
struct PolicyPair {
    const Policy& before;
    const Policy& after;
    const Catalogue& catalogue;
};

/// A recorded flow that fares otherwise after than before.
struct RecordedFlow {
    std::string client;  ///< address and port, or the zone where the record tells no more
    std::string server;
    std::string protocol;
    std::string service;  ///< empty: none
    std::string name;     ///< empty: none
    Effect before;
    Effect after;
};

/// What two policies do with the flows of a file.
struct RecordedFlows {
    std::string file;
    std::uint64_t flows = 0;              ///< that were asked about
    std::uint64_t unclear = 0;            ///< the record tells too little of the client to say
    std::uint64_t unreadable = 0;         ///< lines that are no event
    std::string cut_off;                  ///< why the file ended early; empty where it did not
    std::vector<RecordedFlow> differing;  ///< in order
};

/// Takes the capture `path` through the engine under both policies as they stand at `at`.
[[nodiscard]] std::expected<RecordedFlows, std::string> compare_capture(const std::string& path,
                                                                        const PolicyPair& policies,
                                                                        Instant at);

/// Asks both policies about each decision event of `path` (docs/events.md): at its own time, or at
/// `at`. What an event does not tell is not known.
[[nodiscard]] std::expected<RecordedFlows, std::string> compare_events(const std::string& path,
                                                                       const PolicyPair& policies,
                                                                       std::optional<Instant> at);

}  // namespace octroi
