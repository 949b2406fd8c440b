#pragma once

#include <optional>

#include "classifiers/base/byte_reader.hpp"

namespace octroi::gquic {

/// The server name in the clear CHLO of a Google QUIC packet before IETF QUIC (versions Q024 to
/// Q046; "QUIC Crypto", Langley and Chang, 2016: tag-value messages with 32-bit little-endian end
/// offsets). Nothing where the datagram holds no such name. Borrowed.
[[nodiscard]] std::optional<Bytes> server_name(Bytes datagram);

}  // namespace octroi::gquic
