#pragma once

#include "classifiers/net/packet.hpp"

namespace octroi::fuzz {

/// A TCP segment of a client to port 443.
inline Packet client_segment(std::uint32_t sequence, bool syn, Bytes payload) {
    const Endpoint client{.address = v4_address({10, 0, 0, 1}), .port = 50000};
    const Endpoint server{.address = v4_address({192, 0, 2, 1}), .port = 443};
    return {.context = {},
            .key = FlowKey(Protocol::tcp, client, server),
            .direction = Direction::low_to_high,
            .tcp = {.sequence = sequence, .syn = syn, .ack = !syn},
            .payload = payload};
}

}  // namespace octroi::fuzz
