#pragma once

#include <cstdint>
#include <expected>
#include <vector>

#include "classifiers/base/byte_reader.hpp"

namespace octroi::tls {

// The record layer (RFC 8446 5.1).
inline constexpr std::uint8_t content_type_change_cipher_spec = 20;
inline constexpr std::uint8_t content_type_alert = 21;
inline constexpr std::uint8_t content_type_handshake = 22;
inline constexpr std::size_t record_header = 5;  ///< octets

/// Why no ClientHello can be read from the start of a stream.
struct Incomplete {
    std::size_t needed =
        0;               ///< octets of the stream that must be there before another try is useful
    bool begun = false;  ///< the start of a ClientHello is there
};

enum class NotClientHello : std::uint8_t {
    not_tls,    ///< the stream does not start with a TLS handshake record
    malformed,  ///< a ClientHello starts, and something else follows before its end
    too_large   ///< the handshake message would not fit in the octets that octroi keeps
};

struct HandshakeProblem {
    bool incomplete = false;
    Incomplete progress;
    NotClientHello reason{};
};

/// The first handshake message of a TLS stream, header included (RFC 8446 4), taken out of its
/// records (RFC 8446 5.1: a message may span several records).
///
/// Reads whatever some server reads: any minor version, as OpenSSL and GnuTLS do, and majors below
/// 16, as Go does; warning alerts (Go), empty handshake records (OpenSSL) and ChangeCipherSpec
/// (GnuTLS) before and between the message's own records.
///
/// `stream` is the contiguous start of the client's stream. The result borrows from `stream` where
/// the message lies in one record, else from `scratch`, which is overwritten.
[[nodiscard]] std::expected<Bytes, HandshakeProblem> first_handshake_message(
    Bytes stream, std::vector<std::uint8_t>& scratch);

/// What a stream that starts with a ClientHello in SSL 2's form is (RFC 5246 E.2). It has no
/// extensions and so names nobody; GnuTLS answers it.
enum class OldHello : std::uint8_t { no, incomplete, yes };

[[nodiscard]] OldHello old_client_hello(Bytes stream);

}  // namespace octroi::tls
