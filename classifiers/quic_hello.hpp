#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "classifiers/quic_crypto.hpp"
#include "classifiers/quic_packet.hpp"
#include "classifiers/tcp_stream.hpp"

namespace octroi::quic {

/// Scratch space that all QUIC flows of a worker share.
struct Opener {
    Crypto crypto;
    std::vector<std::uint8_t> plain;
    std::vector<CryptoFrame> frames;
};

/// The ClientHello of one QUIC connection, put together from the CRYPTO frames of its client's
/// Initial packets: in any order, over any number of packets and datagrams, with whatever lies
/// between them.
///
/// Only authenticated packets count. Keys follow the connection: Retry (RFC 9000 17.2.5) and
/// version negotiation (RFC 9368) give new ones, the server's connection id does not. Connections
/// that share the ports are kept apart: neither another one nor a decoy makes the first forgotten.
class Hello {
  public:
    enum class Result : std::uint8_t {
        no_quic,   ///< nothing in the datagram could be opened
        opened,    ///< a client's Initial, but the ClientHello is not complete
        complete,  ///< message() is the ClientHello
        conflict,  ///< an octet came twice with different values, or more connections than a client
                   ///< begins at once
        malformed,  ///< an authentic packet that breaks RFC 9000
        no_memory
    };

    /// Takes the payload of a UDP datagram, or of several that the kernel put together (GRO).
    [[nodiscard]] Result feed(Bytes datagram, Opener& opener, MemoryBudget& budget);

    /// After `complete`: the handshake message with its header. Borrowed from this object or from
    /// the opener, until the next feed() of any flow of the worker.
    [[nodiscard]] Bytes message() const { return message_; }

    [[nodiscard]] std::uint32_t version() const { return version_; }

    /// The id that the newest connection's keys were made from. Not before the first `opened`.
    [[nodiscard]] const ConnectionId& newest() const { return connections_.back().id; }

    /// Whether a datagram begins a connection that is not the one of id `known`: its first packet
    /// is protected with keys made from its own destination id, as a client's Initial is before it
    /// has heard of its server, or in answer to a Retry.
    [[nodiscard]] static bool begins_another(Bytes datagram, const ConnectionId& known,
                                             Opener& opener);

  private:
    /// What one connection has sent so far.
    struct Connection {
        InitialKeys keys;
        ConnectionId id;  ///< that the keys were made from
        std::uint32_t version = 0;
        std::uint64_t next_number = 0;  ///< one more than the largest packet number so far
        TcpStream stream;
    };

    /// An opened packet: of which connection, and its frames.
    struct Opened {
        Connection& connection;
        Bytes payload;
    };

    [[nodiscard]] Result feed_initial(const LongHeader& header, Opener& opener,
                                      MemoryBudget& budget);
    [[nodiscard]] std::optional<Opened> unseal(const LongHeader& header, Opener& opener);
    [[nodiscard]] static std::optional<Bytes> unseal_for(Connection& connection,
                                                         const LongHeader& header, Opener& opener);
    [[nodiscard]] static std::optional<Bytes> unseal_with(const InitialKeys& keys,
                                                          const LongHeader& header, Opener& opener,
                                                          std::uint64_t& next_number);
    [[nodiscard]] Connection& adopt(const InitialKeys& keys, const LongHeader& header,
                                    std::uint64_t next_number);
    [[nodiscard]] Result collect(TcpStream& stream, const CryptoFrame& frame, MemoryBudget& budget);
    [[nodiscard]] bool check_complete(Bytes stream);

    std::vector<Connection> connections_;
    std::uint32_t version_ = 0;  ///< of the newest connection; 0: none yet
    Bytes message_;
};

}  // namespace octroi::quic
