#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "classifiers/byte_reader.hpp"

namespace octroi::quic {

/// A connection id of the versions that octroi knows (RFC 9000 17.2), kept.
class ConnectionId {
  public:
    static constexpr std::size_t max_size = 20;

    ConnectionId() = default;

    /// The first `max_size` octets; no long header carries more.
    explicit ConnectionId(Bytes octets)
        : size_(static_cast<std::uint8_t>(std::min(octets.size(), max_size))) {
        std::ranges::copy(octets.first(size_), octets_.begin());
    }

    [[nodiscard]] Bytes bytes() const { return Bytes(octets_).first(size_); }

    bool operator==(const ConnectionId&) const = default;

  private:
    std::array<std::uint8_t, max_size> octets_{};
    std::uint8_t size_ = 0;
};

/// A long-header packet before its protection is removed (RFC 9000 17.2). Views borrow from the
/// datagram.
struct LongHeader {
    enum class Type : std::uint8_t { initial, zero_rtt, handshake, retry, version_negotiation };

    Type type{};
    std::uint32_t version = 0;
    Bytes destination_connection_id;
    Bytes source_connection_id;
    Bytes packet;                          ///< the whole packet, header and payload
    std::size_t packet_number_offset = 0;  ///< octets before the (protected) packet number
};

enum class HeaderError : std::uint8_t {
    not_long,  ///< no long header of a version that octroi knows
    malformed  ///< a length field does not fit
};

/// Reads the long-header packet at the start of `datagram`; what follows `packet` in it is the next
/// coalesced packet (RFC 9000 12.2). Retry and version negotiation packets take the whole datagram.
[[nodiscard]] std::expected<LongHeader, HeaderError> read_long_header(Bytes datagram);

/// A CRYPTO frame (RFC 9000 19.6), borrowed from the opened payload.
struct CryptoFrame {
    std::uint64_t offset = 0;
    Bytes data;
};

/// Appends the CRYPTO frames of an opened Initial payload to `frames`; PADDING, PING, ACK and
/// CONNECTION_CLOSE are skipped. Google's T050 and T051 number CRYPTO frames 0x08. False where a
/// frame is malformed or not allowed in an Initial packet (RFC 9000 12.5).
[[nodiscard]] bool read_crypto_frames(Bytes payload, std::uint32_t version,
                                      std::vector<CryptoFrame>& frames);

}  // namespace octroi::quic
