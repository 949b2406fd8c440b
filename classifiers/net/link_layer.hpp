#pragma once

#include <cstdint>
#include <optional>

#include "classifiers/base/byte_reader.hpp"

namespace octroi {

/// The IP packet behind an EtherType at the front of what `reader` reads: IPv4 and IPv6, also
/// behind VLAN tags (IEEE 802.1Q, 802.1ad), Cisco metadata, MPLS labels (RFC 3032) and the
/// pseudowires under them (RFC 4448), PPPoE sessions (RFC 2516), provider backbone bridging (IEEE
/// 802.1ah), network service headers (RFC 8300) and bridged Ethernet. `depth` bounds the link
/// layers that are followed into each other.
[[nodiscard]] std::optional<Bytes> after_ethertype(ByteReader reader, std::uint16_t type,
                                                   int depth = 4);

/// The IP packet in an Ethernet frame (IEEE 802.3), behind an EtherType or LLC and SNAP (RFC 1042).
[[nodiscard]] std::optional<Bytes> in_ethernet(ByteReader reader, int depth = 4);

/// The IP packet behind a stack of MPLS labels.
[[nodiscard]] std::optional<Bytes> in_mpls(ByteReader reader, int depth = 4);

/// The IP packet behind the "next protocol" of VXLAN-GPE and of a network service header (RFC 8300
/// 2.2).
[[nodiscard]] std::optional<Bytes> after_next_protocol(ByteReader reader, std::uint8_t next,
                                                       int depth = 4);

/// The IP packet behind a PPP protocol number (RFC 1661 2), or behind HDLC's address and control in
/// front of it (RFC 1662 3.1).
[[nodiscard]] std::optional<Bytes> in_ppp(ByteReader reader);

/// The IP packet in a data frame of a wireless network (IEEE 802.11, 9.3.2). `swapped`: the two
/// octets of its frame control stand in reverse, as some access points send them in CAPWAP.
[[nodiscard]] std::optional<Bytes> in_wireless(ByteReader reader, bool swapped = false);

}  // namespace octroi
