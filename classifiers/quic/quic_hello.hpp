#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "classifiers/net/packet.hpp"
#include "classifiers/net/tcp_stream.hpp"
#include "classifiers/quic/quic_crypto.hpp"
#include "classifiers/quic/quic_memory.hpp"
#include "classifiers/quic/quic_packet.hpp"

namespace octroi::quic {

/// Who talks to whom.
struct Peers {
    Address client;
    Endpoint server;
};

/// Of a client's packet.
[[nodiscard]] inline Peers peers_of(const Packet& packet) {
    return {.client = packet.source().address, .server = packet.destination()};
}

/// Scratch space that all QUIC flows of a worker share, and what they remember together.
struct Opener {
    Crypto crypto;
    Memory memory;
    std::vector<std::uint8_t> plain;
    std::vector<CryptoFrame> frames;
};

/// The ClientHellos of the QUIC connections on one pair of ports, put together from the CRYPTO
/// frames of the client's Initial packets: in any order, over any number of packets and datagrams,
/// with whatever lies between them.
///
/// Only authenticated packets count. A connection begins with a datagram of 1200 octets (RFC
/// 9000 14.1), but a packet without authenticity may be one for a server: what comes in smaller
/// ones may refuse, and permits when the server has answered it. Keys follow the connection: Retry
/// (RFC 9000 17.2.5) and version negotiation (RFC 9368) give new ones, the server's connection id
/// does not. Connections that share the ports are kept apart: neither another one nor a decoy makes
/// the first forgotten.
///
/// A connection has a second ClientHello where its server asked for one (RFC 8446 4.1.4).
class Hello {
  public:
    enum class Result : std::uint8_t {
        no_quic,    ///< nothing in the datagram could be opened
        opened,     ///< a client's Initial, but no ClientHello is newly complete
        complete,   ///< message() is a ClientHello
        malformed,  ///< an authentic packet that breaks RFC 9000
        too_large,  ///< more than octroi keeps of a stream, or more packets than it tries to open
        no_memory,
        conflict  ///< an octet came twice with different values, two different ClientHellos in one
                  ///< datagram, or more connections than a client begins at once
    };

    /// What a server's datagram says about the ClientHello.
    enum class Answer : std::uint8_t {
        none,       ///< nothing
        taken,      ///< it has taken the ClientHello that was `complete` here
        unfinished  ///< it has a whole ClientHello, which octroi has not
    };

    /// Octets of a UDP payload below which servers must discard what begins a connection.
    static constexpr std::size_t min_datagram = 1200;

    /// Takes the payload of a client's UDP datagram, or of several that the kernel put together
    /// (GRO).
    [[nodiscard]] Result feed(const Peers& peers, Bytes payload, Opener& opener,
                              MemoryBudget& budget);

    /// Reads the server's. May be asked before and after `complete`.
    [[nodiscard]] Answer answer(Bytes payload, Opener& opener);

    /// Takes in what the same connections sent from other ports. `complete` and `conflict` mean
    /// what they mean of feed().
    [[nodiscard]] Result recall(const Peers& peers, Opener& opener, MemoryBudget& budget);

    /// A connection that was decided on these ports before goes on: the client may send a second
    /// ClientHello in it.
    void resume(const Identity& connection) { resumed_ = connection; }

    /// After `complete`: the handshake message with its header. Borrowed from the opener, until the
    /// next call for any flow of the worker.
    [[nodiscard]] Bytes message() const { return message_; }

    /// Whether any client's Initial was opened.
    [[nodiscard]] bool any() const { return !connections_.empty(); }

    /// The connection of which a ClientHello was complete, else the newest. Only after any().
    [[nodiscard]] const Identity& identity() const { return connections_[chosen_].identity; }

    /// Whether the connection that identity() tells of began here as servers take none: with a
    /// small datagram, or in a reserved version. Only after any().
    [[nodiscard]] bool is_doubtful() const {
        return connections_[chosen_].small || is_reserved(identity().version);
    }

    /// Of which connection a client's datagram has an Initial.
    enum class Beside : std::uint8_t {
        none,    ///< of connection `before`, as it is known, or of none
        same,    ///< of connection `now`, or of `before` with another ClientHello
        another  ///< of one that it begins
    };

    [[nodiscard]] static Beside beside(const Peers& peers, Bytes payload, const Identity& before,
                                       const Identity& now, Opener& opener);

    /// Whether a client's datagram says what the flow, decided by connection `known`, has not told:
    /// it begins another connection, as a client's Initial does that is protected with keys made
    /// from its own destination id, or contradicts the ClientHello of the known one, or goes on
    /// with a second ClientHello.
    [[nodiscard]] static bool begins_another(const Peers& peers, Bytes payload,
                                             const Identity& known, Opener& opener);

  private:
    /// What one connection has sent so far.
    struct Connection {
        InitialKeys keys;
        std::vector<std::uint8_t> octets;  ///< of the id that the keys were made from
        Identity identity;
        std::uint64_t next_number = 0;  ///< one more than the largest packet number so far
        std::uint32_t taken = 0;        ///< octets of the ClientHellos that were complete
        std::uint8_t hellos = 0;        ///< how many
        bool retried = false;           ///< the server asked for a second ClientHello
        bool pending = false;           ///< there are octets behind `taken`
        bool small = false;             ///< no datagram began it that servers take
        TcpStream stream;               ///< behind `taken`
    };

    /// What feeding one datagram needs.
    struct Context {
        const Peers& peers;
        Opener& opener;
        MemoryBudget& budget;
        bool full = false;      ///< a datagram that servers take as a connection's first
        bool recalled = false;  ///< frames come from the memory
    };

    [[nodiscard]] Result feed_initial(const LongHeader& header, const Context& context);
    [[nodiscard]] std::optional<Bytes> unseal(const LongHeader& header, const Context& context,
                                              Connection*& connection);
    [[nodiscard]] std::optional<Bytes> unseal_new(const LongHeader& header, Bytes id,
                                                  const Context& context, Connection*& connection);
    static void remember_number(const Connection& connection, const Context& context);
    [[nodiscard]] static std::optional<Bytes> unseal_for(Connection& connection,
                                                         const LongHeader& header, Opener& opener);
    [[nodiscard]] static std::optional<Bytes> unseal_with(const InitialKeys& keys,
                                                          const LongHeader& header, Opener& opener,
                                                          std::uint64_t& next_number);
    [[nodiscard]] static Answer answer_for(Connection& connection, const LongHeader& header,
                                           Opener& opener);
    [[nodiscard]] static std::optional<bool> goes_on(const Peers& peers, const LongHeader& header,
                                                     const Identity& known, Opener& opener);
    [[nodiscard]] Result recall_for(Connection& connection, const Context& context);
    [[nodiscard]] Result collect_all(Connection& connection, Result result, const Context& context);
    static void begin_anew(Connection& connection, const Context& context);
    [[nodiscard]] Result collect(Connection& connection, CryptoFrame frame, const Context& context);
    [[nodiscard]] Result store(Connection& connection, const CryptoFrame& frame,
                               const Context& context);
    [[nodiscard]] Result finish(Connection& connection, Bytes stream, const Context& context);

    std::vector<Connection> connections_;
    std::size_t chosen_ = 0;  ///< of which a ClientHello was complete last, else the newest
    bool chosen_complete_ = false;
    Identity resumed_;
    Bytes message_;
};

}  // namespace octroi::quic
