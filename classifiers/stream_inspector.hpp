#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "classifiers/findings.hpp"
#include "classifiers/packet.hpp"
#include "classifiers/socks.hpp"
#include "classifiers/tcp_stream.hpp"

namespace octroi {

/// Reads a TCP connection: what the client asks for (TLS, HTTP, TURN), and the server's certificate
/// where the client names nobody.
class StreamInspector {
  public:
    /// Takes the next packet of an open inspection.
    void inspect(const Packet& packet, std::uint32_t number, Findings& findings,
                 Workspace& workspace);

    /// Frees the buffers.
    void release();

    /// The direction in which the client sends, once known.
    [[nodiscard]] std::optional<Direction> client() const { return client_; }

    /// Whether the connection was under way when its first packet was seen (no SYN).
    [[nodiscard]] bool midstream() const { return midstream_; }

    /// Whether the client sent SYNs with different sequence numbers. The server's SYN-ACK says
    /// which one counts; data before it makes the connection ambiguous.
    [[nodiscard]] bool disputed() const { return disputed_; }

    /// That it is so from the start.
    void dispute() { disputed_ = true; }

  private:
    struct Half {
        TcpStream stream;
        std::size_t needed = 0;      ///< octets before another look at the stream is useful
        std::uint32_t payloads = 0;  ///< segments with data
        bool finished = false;       ///< this direction can tell nothing more
    };

    struct Look;  // one look at a half's stream, with all that it needs

    [[nodiscard]] Half& half(Direction direction) {
        return halves_[static_cast<std::size_t>(direction)];
    }

    [[nodiscard]] bool reads_dns(const Packet& packet, Findings& findings);
    void note_handshake(const Packet& packet);
    static void note_acknowledged(Half& sender, std::uint32_t acknowledgement);
    void read(const Look& look, std::uint32_t sequence, Bytes payload);
    void examine(const Look& look, Bytes stream);
    void examine_client(const Look& look, Bytes stream);
    void examine_proxied(const Look& look, const socks::Request& request, Bytes stream);
    void examine_request(const Look& look, Bytes stream);
    void examine_server(const Look& look, Bytes stream);
    void examine_clear(const Look& look, Bytes stream);
    void accept_client_hello(const Look& look, Bytes message);
    static void accept_certificate(const Look& look, Bytes der);
    static void accept_turn(const Look& look, Bytes message);
    void finish(const Look& look);
    void check_quota(Findings& findings);

    std::array<Half, 2> halves_;
    std::optional<Direction> client_;
    std::uint64_t octets_ = 0;
    bool midstream_ = false;
    bool confirmed_ = false;  ///< the server's SYN-ACK was seen
    bool disputed_ = false;   ///< the client's packets gave two numbers for its first octet
    bool awaits_certificate_ = false;
};

}  // namespace octroi
