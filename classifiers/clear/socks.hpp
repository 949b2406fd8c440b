#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/net/address.hpp"

namespace octroi::socks {

enum class Problem : std::uint8_t {
    not_socks,   ///< no SOCKS client speaks here
    incomplete,  ///< more of the stream may tell
    malformed    ///< a SOCKS client asks for what is neither an address nor a name
};

/// What a SOCKS client asks its proxy for, at the start of its stream.
struct Request {
    Bytes host;                      ///< a domain name; empty where it asks for an address
    std::optional<Address> address;  ///< to connect to, where it asks for an address
    std::uint16_t port = 0;
    std::size_t size = 0;  ///< octets of the client's stream before what it sends to that host
};

/// Reads SOCKS 5 (RFC 1928) with or without user name and password (RFC 1929), SOCKS 4 and 4a.
[[nodiscard]] std::expected<Request, Problem> read_request(Bytes stream);

}  // namespace octroi::socks
