#pragma once

#include <compare>
#include <cstdint>
#include <utility>

#include "classifiers/net/address.hpp"

namespace octroi {

/// IP protocol numbers that octroi looks into (IANA); every other number is carried as it is.
enum class Protocol : std::uint8_t { icmp = 1, tcp = 6, udp = 17, icmpv6 = 58 };

struct Endpoint {
    Address address;
    std::uint16_t port = 0;  ///< TCP and UDP port; ICMP echo identifier; else 0

    auto operator<=>(const Endpoint&) const = default;
};

/// Which way a packet goes between the ordered endpoints of its FlowKey.
enum class Direction : std::uint8_t { low_to_high, high_to_low };

[[nodiscard]] constexpr Direction opposite(Direction direction) {
    return direction == Direction::low_to_high ? Direction::high_to_low : Direction::low_to_high;
}

/// The 5-tuple of a flow, its endpoints ordered so that both directions give an equal key.
class FlowKey {
  public:
    FlowKey() = default;

    FlowKey(Protocol protocol, const Endpoint& one, const Endpoint& other)
        : low_(one < other ? one : other), high_(one < other ? other : one), protocol_(protocol) {}

    [[nodiscard]] const Endpoint& low() const { return low_; }

    [[nodiscard]] const Endpoint& high() const { return high_; }

    [[nodiscard]] Protocol protocol() const { return protocol_; }

    [[nodiscard]] const Endpoint& source(Direction direction) const {
        return direction == Direction::low_to_high ? low_ : high_;
    }

    [[nodiscard]] const Endpoint& destination(Direction direction) const {
        return source(opposite(direction));
    }

    auto operator<=>(const FlowKey&) const = default;

    template <typename H>
    friend H AbslHashValue(H state, const FlowKey& key) {
        return H::combine(std::move(state), key.low_.address, key.low_.port, key.high_.address,
                          key.high_.port, key.protocol_);
    }

  private:
    Endpoint low_;
    Endpoint high_;
    Protocol protocol_{};
};

}  // namespace octroi
