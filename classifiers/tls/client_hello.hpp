#pragma once

#include <cstdint>
#include <expected>

#include "classifiers/base/byte_reader.hpp"

namespace octroi::tls {

inline constexpr std::uint16_t extension_server_name = 0;  // RFC 6066 3
inline constexpr std::uint16_t extension_alpn = 16;        // RFC 7301 3.1

enum class ParseError : std::uint8_t { truncated, not_client_hello, malformed };

/// What a ClientHello tells a passive observer. Views borrow from the parsed buffer.
struct ClientHello {
    std::uint16_t legacy_version = 0;     ///< 0x0303 for TLS 1.2 and 1.3 (RFC 8446 4.1.2)
    Bytes server_name;                    ///< SNI host_name (RFC 6066 3); empty when absent
    Bytes alpn;                           ///< first ALPN protocol (RFC 7301 3.1); empty when absent
    Bytes cipher_suites;                  ///< two octets each
    Bytes extensions;                     ///< all of them as on the wire, without their length
    bool encrypted_client_hello = false;  ///< extension 0xfe0d is there, real or GREASE (RFC 9849)
};

/// Parses a TLS handshake message (no record header) as a ClientHello, RFC 8446 section 4.1.2.
///
/// `handshake` may hold fewer bytes than the message announces: that is `truncated`, and the caller
/// may retry with more. `malformed` is final: also for a server_name extension without a readable
/// list, for two different names and for octets behind the extensions, which no server takes. No
/// allocation, no copy, O(size).
[[nodiscard]] std::expected<ClientHello, ParseError> parse_client_hello(Bytes handshake);

}  // namespace octroi::tls
