#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/clear/http_request.hpp"
#include "classifiers/inspection/evidence.hpp"
#include "classifiers/inspection/findings.hpp"
#include "classifiers/net/address.hpp"

namespace octroi {

/// What earlier looks at the start of a client's stream have read, for the next one. A stream that
/// starts anew needs a new one.
struct RequestProgress {
    std::size_t inner = 0;    ///< octets for proxies, or in clear before TLS: what follows is asked
    std::uint8_t layers = 0;  ///< of which these are
    http::Progress head;      ///< counted from `inner`
    std::size_t commands = 0;        ///< the same, in front of TLS
    std::optional<Address> address;  ///< asked for at the innermost proxy that was asked by it
    std::uint16_t port = 0;          ///< there
};

/// What a client asks for, as far as its stream tells.
struct ClientRequest {
    enum class Kind : std::uint8_t {
        incomplete,  ///< more of the stream may tell
        hello,       ///< a ClientHello
        old_hello,   ///< one in SSL 2's form, which names nobody
        host,        ///< a host, of HTTP or of a proxy
        nobody,      ///< a whole request that names nobody
        unreadable,  ///< a request that can't be read
        foreign      ///< none of these protocols
    };

    Kind kind{};
    bool begun = false;         ///< where incomplete: the start of a request is there
    Application application{};  ///< as far as it is known
    Bytes octets;  ///< the hello's message, the host, or the innermost stream where incomplete or
                   ///< foreign
    std::size_t needed = 0;  ///< octets of the stream, where incomplete
    Unreadable why{};
    ParserError error{};
};

/// Reads the request at the start of a client's stream: TLS, HTTP/1.x, HTTP/2 in clear, SOCKS; what
/// is inside CONNECT and SOCKS by address, four deep; TLS behind STARTTLS and its like. Pure but
/// for `progress`. Borrows from `stream` or from `scratch`, which is overwritten.
[[nodiscard]] ClientRequest read_client_request(Bytes stream, RequestProgress& progress,
                                                std::vector<std::uint8_t>& scratch);

}  // namespace octroi
