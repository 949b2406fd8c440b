#pragma once

#include <cstdint>
#include <expected>
#include <vector>

#include "classifiers/base/byte_reader.hpp"

namespace octroi::tls {

enum class NoCertificate : std::uint8_t {
    incomplete,  ///< more of the stream may tell
    none         ///< no clear certificate comes: TLS 1.3, a resumption, or no TLS
};

/// The server's own certificate (DER) from the start of its stream, TLS 1.2 and older (RFC
/// 5246 7.4.2). Borrowed from `scratch`, which is overwritten.
[[nodiscard]] std::expected<Bytes, NoCertificate> server_certificate(
    Bytes stream, std::vector<std::uint8_t>& scratch);

/// The server's own certificate (DER) of a Certificate message, without its header: the first of
/// the list (RFC 5246 7.4.2). Empty where there is none.
[[nodiscard]] Bytes first_certificate(ByteReader message);

/// Whether a stream starts with a ServerHello: whoever sends it is the server.
[[nodiscard]] bool starts_with_server_hello(Bytes stream);

}  // namespace octroi::tls
