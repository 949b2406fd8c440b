#pragma once

#include "tests/unit/wire.hpp"

/// STUN messages written field by field, for tests.
namespace octroi::stun_wire {

using wire::Buffer;

inline constexpr std::uint32_t cookie = 0x2112a442;

/// RFC 8489 5, with one attribute, whose value needs no padding.
[[nodiscard]] inline Buffer message(std::size_t type, std::size_t attribute, const Buffer& value) {
    return wire::Fields()
        .u16(type)
        .u16(4 + value.size())
        .u32(cookie)
        .fill(12, 0x61)  // transaction id
        .u16(attribute)
        .vector16(value)
        .take();
}

/// RFC 8445 7.1: a connectivity check, by its PRIORITY.
[[nodiscard]] inline Buffer check() {
    return message(0x0001, 0x0024, {0x6e, 0, 1, 0xff});
}

/// RFC 8489 14.2: the value of an XOR-PEER-ADDRESS, IPv4.
[[nodiscard]] inline Buffer xor_peer(const Endpoint& peer) {
    wire::Fields value;
    value.u8(0).u8(1).u16(peer.port ^ (cookie >> 16U));
    for (unsigned i = 0; i < 4; ++i)
        value.u8(peer.address.bytes[12 + i] ^ (cookie >> (24U - 8U * i) & 0xffU));
    return value.take();
}

}  // namespace octroi::stun_wire
