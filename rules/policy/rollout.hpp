#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "classifiers/net/address.hpp"
#include "rules/policy/schedule.hpp"

namespace octroi {

/// One step of a staged enforcement: from a moment on, for the clients of a zone, for a share of
/// them.
struct RolloutStage {
    Instant from = absl::InfinitePast();
    std::optional<std::size_t> zone;  ///< index into the policy's zones; nothing: every client
    unsigned percent = 100;
};

/// Where a client stands among all clients of a rule: 0 to 99, the same on every gateway and after
/// every restart. Who is below 25 is below 50 as well, so a growing share keeps its clients. Each
/// rule draws anew. IPv6 clients count by their /64: a host changes the rest of its address (RFC
/// 8981).
[[nodiscard]] unsigned rollout_bucket(std::string_view rule, const Address& client);

}  // namespace octroi
