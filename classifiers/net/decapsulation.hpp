#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/net/defragmenter.hpp"
#include "classifiers/net/packet.hpp"

namespace octroi {

/// Finds the innermost IP packets of tunnelled ones, and puts fragments together on the way, those
/// inside tunnels too. The tunnels are those of the table in classifiers/net/decapsulation.cpp.
///
/// For captures only: a gateway decides on what conntrack sees, the outer flow.
class Decapsulator {
  public:
    static constexpr std::size_t max_depth = 4;

    /// The innermost packet of `ip_packet`, at most four tunnels deep. A packet that is no tunnel,
    /// or whose tunnel holds no IP packet, is given as it is; nothing where a fragment waits for
    /// the rest of its datagram. Borrowed from `ip_packet` or from this object, until the next
    /// call.
    [[nodiscard]] std::optional<Bytes> innermost(Bytes ip_packet, Time time);

    /// Packets that were fragments of no whole datagram so far.
    [[nodiscard]] std::uint64_t lost_fragments() const;

  private:
    std::array<Defragmenter, max_depth + 1> levels_;
};

}  // namespace octroi
