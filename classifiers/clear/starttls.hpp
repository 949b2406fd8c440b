#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>

#include "classifiers/base/byte_reader.hpp"

namespace octroi::starttls {

enum class Problem : std::uint8_t {
    foreign,    ///< no protocol of these, or one whose client goes on without TLS
    incomplete  ///< more of the stream may tell
};

/// Octets at the start of a client's stream before its ClientHello, where a protocol starts in
/// clear and turns to TLS on request: by commands in lines, SMTP and LMTP (RFC 3207), IMAP and POP3
/// (RFC 2595), FTP (RFC 4217), NNTP (RFC 4642), ManageSieve (RFC 5804), or in XML, XMPP (RFC 6120
/// 5); by one message in PostgreSQL, MySQL, LDAP (RFC 4511 4.14) and RDP. Servers answer any number
/// of other commands before, so only the TLS record is looked for.
///
/// `settled`: how many octets an earlier look at the same stream has read, 0 at first.
[[nodiscard]] std::expected<std::size_t, Problem> hello_offset(Bytes stream, std::size_t& settled);

}  // namespace octroi::starttls
