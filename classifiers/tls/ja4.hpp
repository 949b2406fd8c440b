#pragma once

#include <cstdint>
#include <string>

#include "classifiers/tls/client_hello.hpp"

namespace octroi::tls {

/// What carried a ClientHello, as JA4 writes it.
enum class Carrier : char { tcp = 't', quic = 'q' };

/// The JA4 fingerprint of a ClientHello (FoxIO, JA4 technical details, 2023): version, number of
/// ciphers and extensions, first ALPN value, and two truncated SHA-256 sums. 36 characters. The
/// same for every order of ciphers and extensions; GREASE (RFC 8701) is left out.
[[nodiscard]] std::string ja4(const ClientHello& hello, Carrier carrier);

}  // namespace octroi::tls
