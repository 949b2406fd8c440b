#pragma once

#include <cstdint>
#include <expected>
#include <vector>

#include "classifiers/base/byte_reader.hpp"

namespace octroi::http2 {

/// Why no host can be read.
struct Problem {
    enum class Kind : std::uint8_t {
        not_http2,   ///< the stream does not start with HTTP/2's preface (RFC 9113 3.4)
        incomplete,  ///< more of the stream may tell
        no_host,     ///< the first request names nobody
        malformed    ///< no frames, or no header block in them
    };

    Kind kind{};
    std::size_t needed = 0;  ///< octets of the stream, where incomplete
    bool begun = false;      ///< the whole preface is there
};

/// The host that the first request of an HTTP/2 stream in clear asks for, without port. Borrowed
/// from `scratch`, which is overwritten.
[[nodiscard]] std::expected<Bytes, Problem> requested_host(Bytes stream,
                                                           std::vector<std::uint8_t>& scratch);

}  // namespace octroi::http2
