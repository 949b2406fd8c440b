#pragma once

#include "classifiers/byte_reader.hpp"

namespace octroi {

/// The innermost IP packet of a tunnelled one: IP in IP (RFC 2003, RFC 2473, RFC 4213), GRE (RFC
/// 2784), GTP-U (3GPP TS 29.281), VXLAN (RFC 7348), Teredo (RFC 4380). A packet that is no tunnel,
/// or whose tunnel holds no IP packet, is given as it is. At most four tunnels deep.
///
/// For captures only: a gateway decides on what conntrack sees, the outer flow.
[[nodiscard]] Bytes innermost_packet(Bytes ip_packet);

}  // namespace octroi
