#pragma once

#include <cstdint>
#include <optional>

#include "classifiers/byte_reader.hpp"

namespace octroi {

/// The IP packet behind an EtherType at the front of what `reader` reads: IPv4 and IPv6, also
/// behind VLAN tags (IEEE 802.1Q), Cisco metadata, MPLS labels (RFC 3032) and PPPoE sessions (RFC
/// 2516).
[[nodiscard]] std::optional<Bytes> after_ethertype(ByteReader reader, std::uint16_t type);

/// The IP packet behind a PPP protocol number (RFC 1661 2).
[[nodiscard]] std::optional<Bytes> in_ppp(ByteReader reader);

}  // namespace octroi
