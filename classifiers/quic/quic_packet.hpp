#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "classifiers/base/byte_reader.hpp"

namespace octroi::quic {

/// A connection id, kept to be compared. RFC 9000 17.2 allows 20 octets; there are servers that
/// answer longer ones too, which differ here by their first 20 and their length.
class ConnectionId {
  public:
    static constexpr std::size_t max_size = 20;

    ConnectionId() = default;

    explicit ConnectionId(Bytes octets) : size_(static_cast<std::uint8_t>(octets.size())) {
        std::ranges::copy(octets.first(std::min(octets.size(), max_size)), octets_.begin());
    }

    [[nodiscard]] bool empty() const { return size_ == 0; }

    /// Whether bytes() is all of it.
    [[nodiscard]] bool whole() const { return size_ <= max_size; }

    [[nodiscard]] Bytes bytes() const {
        return Bytes(octets_).first(std::min<std::size_t>(size_, max_size));
    }

    bool operator==(const ConnectionId&) const = default;

    template <typename H>
    friend H AbslHashValue(H state, const ConnectionId& id) {
        return H::combine(std::move(state), id.octets_, id.size_);
    }

  private:
    std::array<std::uint8_t, max_size> octets_{};
    std::uint8_t size_ = 0;
};

/// A connection as its client begins it. One that begins again in another version, because the
/// server did not know the first, is another one, whatever its id.
struct Identity {
    ConnectionId id;  ///< the first destination id, of which the keys are made
    std::uint32_t version = 0;

    bool operator==(const Identity&) const = default;

    template <typename H>
    friend H AbslHashValue(H state, const Identity& identity) {
        return H::combine(std::move(state), identity.id, identity.version);
    }
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
/// QUIC's fixed bit may be clear (RFC 9287), and a connection id longer than RFC 9000 17.2 allows:
/// there are servers that answer either.
[[nodiscard]] std::expected<LongHeader, HeaderError> read_long_header(Bytes datagram);

/// What all versions of QUIC have in common (RFC 8999 5.1). Views borrow from the datagram.
struct Invariants {
    std::uint32_t version = 0;
    Bytes destination_connection_id;
    Bytes source_connection_id;
};

/// Of a datagram that begins like a long header of some version, octroi's or not.
[[nodiscard]] std::optional<Invariants> read_invariants(Bytes datagram);

/// Visits the long-header packets of a UDP payload, whatever lies between them. The payload may be
/// several datagrams that the kernel put together (GRO, or a client's UDP_SEGMENT), whose bounds
/// it does not tell: a packet may begin wherever the version of one stands. Where the payload does
/// not begin as QUIC, a packet counts only if as many octets as its own precede it, as in equal
/// segments; so a tunnel's datagram is not taken for what it carries.
class LongPackets {
  public:
    explicit LongPackets(Bytes payload) : payload_(payload) {}

    /// The next packet, in order of their starts; they may overlap. Nothing at the end.
    [[nodiscard]] std::optional<LongHeader> next();

    /// A packet that next() gave has been opened: no other one begins within it.
    void skip(const LongHeader& opened);

  private:
    [[nodiscard]] std::optional<std::size_t> next_start();
    [[nodiscard]] bool starts_before(std::size_t version) const;

    Bytes payload_;
    std::size_t at_ = 0;
    bool begun_ = false;
    // For each first octet of a version, where it stands next.
    std::array<std::size_t, 5> version_at_{};
};

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
