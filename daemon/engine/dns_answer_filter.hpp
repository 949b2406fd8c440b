#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "classifiers/net/packet.hpp"
#include "daemon/engine/ruleset.hpp"
#include "metrics/events/flow_record.hpp"

namespace octroi {

/// What became of a DNS answer, as octroi_dns_answers_total names it.
enum class AnswerFate : std::uint8_t { unchanged, refused, ech_stripped };

inline constexpr std::size_t answer_fate_count = 3;

/// Rewrites DNS answers on their way to a client, as the policy's `names` says. One per worker.
class DnsAnswerFilter {
  public:
    struct Edit {
        Bytes packet;  ///< the new form of the whole IP packet; empty: as it was. Borrowed until
                       ///< the next edit().
        std::array<std::uint32_t, answer_fate_count> answers{};  ///< by fate
        std::optional<FlowRecord> refused;                       ///< why the last name was refused
    };

    /// Takes a packet of a DNS flow. Length, sequence numbers and everything but the answers stay.
    [[nodiscard]] Edit edit(const Packet& packet, Bytes ip_packet, const Ruleset& ruleset);

  private:
    std::vector<std::uint8_t> rewritten_;
};

}  // namespace octroi
