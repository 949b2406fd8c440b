#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/net/address.hpp"

namespace octroi::http {

enum class Problem : std::uint8_t {
    not_http,    ///< no HTTP/1.x request starts here
    undecided,   ///< more of the stream may tell whether it is one
    incomplete,  ///< a request starts here; more of the stream may tell its host
    malformed,   ///< a request starts here, and servers differ on where its lines end
    no_host      ///< a whole request head without a usable host
};

enum class Form : std::uint8_t {
    origin,    ///< the host stands in a Host field
    absolute,  ///< in the target, where a proxy reads it (RFC 9112 3.2.2)
    connect    ///< the same of CONNECT (RFC 9110 9.3.6): what follows the head goes to that host
};

struct Request {
    Bytes host;  ///< without port
    Form form{};
    std::uint16_t port = 0;  ///< of CONNECT and of the absolute form; 0 where the target has none
    std::optional<Address> address;  ///< of the same target, where it is one
};

/// How much of a stream's start earlier looks have read: for the next one, when the stream has
/// grown. Makes the cost of a head linear, however it is cut.
struct Progress {
    std::size_t start = 0;  ///< of the request line
    std::size_t next = 0;   ///< of the first line that was not read yet
};

/// The host that an HTTP/1.x request at the start of `stream` asks for: the target's of CONNECT
/// (RFC 9110 9.3.6) and of the absolute form (RFC 9112 3.2.2), else the Host field's (RFC
/// 9110 7.2), which also counts where an absolute target is an address. Any token is a method (RFC
/// 9110 9.1): the version is what tells a request line. Borrowed from `stream`.
[[nodiscard]] std::expected<Request, Problem> read_request(Bytes stream, Progress& progress);

/// Octets up to the end of the head, of a stream that starts with a request; empty where the end is
/// not there yet.
[[nodiscard]] std::optional<std::size_t> head_size(Bytes stream, Progress& progress);

}  // namespace octroi::http
