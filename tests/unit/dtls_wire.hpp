#pragma once

#include "tests/unit/wire.hpp"

/// DTLS records written field by field, for tests.
namespace octroi::dtls_wire {

using wire::Buffer;

inline constexpr std::size_t client_hello = 1;
inline constexpr std::size_t server_hello = 2;
inline constexpr std::size_t certificate = 11;

struct Record {
    std::size_t type = 22;         // handshake
    std::size_t version = 0xfefd;  // 1.2
    std::size_t epoch = 0;
};

// RFC 6347 4.1
[[nodiscard]] inline Buffer record(const Buffer& content, const Record& fields = {}) {
    return wire::Fields()
        .u8(fields.type)
        .u16(fields.version)
        .u16(fields.epoch)
        .fill(6, 1)  // sequence number
        .vector16(content)
        .take();
}

// RFC 6347 4.2.2: `size` octets of the message from `offset` on.
[[nodiscard]] inline Buffer fragment(std::size_t type, const Buffer& message, std::size_t offset,
                                     std::size_t size, std::size_t number = 1) {
    const Bytes piece = Bytes(message).subspan(offset, size);
    return wire::Fields()
        .u8(type)
        .u24(message.size())
        .u16(number)
        .u24(offset)
        .u24(size)
        .bytes(piece)
        .take();
}

[[nodiscard]] inline Buffer whole(std::size_t type, const Buffer& message) {
    return record(fragment(type, message, 0, message.size()));
}

// RFC 5246 7.4.2: a list of one.
[[nodiscard]] inline Buffer certificate_list(const Buffer& der) {
    return wire::Fields().vector24(wire::Fields().vector24(der).take()).take();
}

}  // namespace octroi::dtls_wire
