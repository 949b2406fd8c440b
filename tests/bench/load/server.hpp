#pragma once

#include <netinet/in.h>

namespace load {

/// Answers the first octets of each stream and each datagram that come to `address` with 100
/// octets, until it is killed. A stream that has said nothing for a second is reset: its client was
/// refused on the way, which the server is not told.
[[noreturn]] void serve(const sockaddr_in& address);

}  // namespace load
