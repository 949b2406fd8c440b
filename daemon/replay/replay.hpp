#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "daemon/engine/ruleset.hpp"
#include "metrics/events/flow_record.hpp"

namespace octroi {

/// What a capture holds, as the engine sees it.
struct Replayed {
    std::vector<FlowRecord> flows;  ///< in order of their first packets
    std::uint64_t packets = 0;
    std::uint64_t malformed = 0;
    std::uint64_t discarded =
        0;  ///< packets that their receivers throw away (daemon/replay/receivers.hpp)
    bool read_once = false;            ///< not a file: nothing could be known of checksums
    std::uint64_t lost_fragments = 0;  ///< packets that were fragments of no whole datagram
    std::string cut_off;               ///< why the file ended early; empty where it did not
};

/// Takes every packet of the capture `path` through the pipeline that `octroi run` uses, inspecting
/// each flow to its end. The error says why the file can't be read at all.
[[nodiscard]] std::expected<Replayed, std::string> replay_capture(const std::string& path,
                                                                  const Ruleset& ruleset,
                                                                  SeriesRegistry& registry);

}  // namespace octroi
