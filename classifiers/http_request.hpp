#pragma once

#include <cstdint>
#include <expected>

#include "classifiers/byte_reader.hpp"

namespace octroi::http {

enum class Problem : std::uint8_t {
    not_http,    ///< no HTTP/1.x request starts here
    incomplete,  ///< more of the stream may tell
    no_host      ///< a whole request head without a usable host
};

/// The host that an HTTP/1.x request at the start of `stream` asks for: the target's of CONNECT
/// (RFC 9110 9.3.6) and of the absolute form (RFC 9112 3.2.2), else the Host field's (RFC
/// 9110 7.2). Without port. Borrowed from `stream`.
[[nodiscard]] std::expected<Bytes, Problem> requested_host(Bytes stream);

}  // namespace octroi::http
