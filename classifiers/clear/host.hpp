#pragma once

#include <cstdint>
#include <optional>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/net/address.hpp"

namespace octroi {

/// The host of an authority (RFC 3986 3.2): userinfo, port and the brackets of an IPv6 literal go.
/// Borrowed from `authority`.
[[nodiscard]] Bytes host_of(Bytes authority);

/// The port of an authority; 0 where it has none.
[[nodiscard]] std::uint16_t port_of(Bytes authority);

/// The address that a host is, in any form that inet_aton(3) takes as proxies do: "192.0.2.1",
/// "2001:db8::1", "0xc0000201", "3221225985", "192.513". Empty for a name.
[[nodiscard]] std::optional<Address> host_address(Bytes host);

}  // namespace octroi
