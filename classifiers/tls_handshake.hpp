#pragma once

#include <cstdint>
#include <expected>
#include <vector>

#include "classifiers/byte_reader.hpp"

namespace octroi::tls {

// The record layer (RFC 8446 5.1).
inline constexpr std::uint8_t content_type_handshake = 22;
inline constexpr std::size_t record_header = 5;  ///< octets

/// Why no ClientHello can be read from the start of a stream.
struct Incomplete {
    std::size_t needed =
        0;  ///< octets of the stream that must be there before another try is useful
};

enum class NotClientHello : std::uint8_t {
    not_tls,   ///< the stream does not start with a TLS handshake record
    too_large  ///< the handshake message would not fit in the octets that octroi keeps
};

struct HandshakeProblem {
    bool incomplete = false;
    Incomplete progress;
    NotClientHello reason{};
};

/// The first handshake message of a TLS stream, header included (RFC 8446 4), taken out of its
/// records (RFC 8446 5.1: a message may span several records).
///
/// `stream` is the contiguous start of the client's stream. The result borrows from `stream` where
/// the message lies in one record, else from `scratch`, which is overwritten.
[[nodiscard]] std::expected<Bytes, HandshakeProblem> first_handshake_message(
    Bytes stream, std::vector<std::uint8_t>& scratch);

}  // namespace octroi::tls
