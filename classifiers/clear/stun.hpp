#pragma once

#include <cstdint>
#include <optional>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/net/flow_key.hpp"

namespace octroi::stun {

/// What a STUN or TURN message tells a passive observer (RFC 8489, RFC 8656). Views borrow.
struct Message {
    std::uint16_t type = 0;        ///< class and method as on the wire
    Bytes realm;                   ///< REALM; empty where absent
    Bytes software;                ///< SOFTWARE; empty where absent
    std::optional<Endpoint> peer;  ///< first XOR-PEER-ADDRESS: who is behind the relay
    bool classic = false;          ///< RFC 3489: no magic cookie
    bool microsoft = false;        ///< carries one of Microsoft's attributes ([MS-TURN], [MS-ICE2])
    bool whatsapp = false;  ///< carries 0x4000, 0x4001 or 0x4002, WhatsApp's relay attributes
    bool ice = false;       ///< a connectivity check (RFC 8445 7.1): PRIORITY, or the agent's role
    bool zoom = false;      ///< carries 0x0101 with 20 octets, as Zoom's address probes do
};

/// Whether a client asks its relay by this message to let a peer by (RFC 8656 9, 11, 12):
/// CreatePermission, Send, ChannelBind.
[[nodiscard]] bool asks_for_peer(const Message& message);

/// Reads the message that `datagram` consists of: with the magic cookie, or a classic one whose
/// length fits exactly. Nothing where it is no such message.
[[nodiscard]] std::optional<Message> parse(Bytes datagram);

/// Octets of the message at the start of a stream (header included) once its header is there;
/// nothing where no message with a magic cookie starts there.
[[nodiscard]] std::optional<std::size_t> stream_message_size(Bytes stream);

}  // namespace octroi::stun
