#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "classifiers/inspection/datagram_inspector.hpp"
#include "classifiers/inspection/findings.hpp"
#include "classifiers/inspection/stream_inspector.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "classifiers/net/packet.hpp"

namespace octroi {

/// Looks at the packets of one flow, in both directions, until nothing more can be learned.
class Inspector {
  public:
    /// Takes the next packet of the flow. `number` counts the flow's packets from 1. After the
    /// ending is no longer `open` packets tell only whether the server took what was read; when
    /// nothing of that is awaited any more they are ignored.
    void inspect(const Packet& packet, std::uint32_t number, Workspace& workspace);

    /// Ends an open inspection and frees its buffers.
    void end(Ending ending);

    [[nodiscard]] const Findings& findings() const { return findings_; }

    [[nodiscard]] bool open() const { return findings_.open(); }

    /// The direction in which the client sends: certain once a SYN or a ClientHello was seen.
    [[nodiscard]] std::optional<Direction> client() const;

    /// Of the newest QUIC connection on the flow's ports; empty where there was none.
    [[nodiscard]] quic::Identity connection() const;

    /// Whether a TCP connection was already under way when its first packet was seen (no SYN).
    [[nodiscard]] bool midstream() const;

    /// Whether something was read of the client that its server has not answered yet.
    [[nodiscard]] bool awaits_answer() const;

    /// Whether every packet is wanted, be it an empty segment of the server, and a decision that
    /// the kernel still has for these ports must not count.
    [[nodiscard]] bool wants_acknowledgements() const;

    /// Before the first packet, a SYN: its ports belonged to a connection that the server may still
    /// know, so it is open whether the server takes it.
    void reuse_ports();

    /// Before the first packet, no SYN: the connection was begun in sight, and was silent so long
    /// that it is forgotten.
    void forgotten();

    /// Whether a SYN of the client was answered by the server's SYN-ACK.
    [[nodiscard]] bool confirmed() const;

    /// Before the first packet, a datagram: this QUIC connection was decided on these ports.
    void resume(const quic::Identity& connection);

    /// Of which QUIC connection a datagram of the client has an Initial, beside the one that was
    /// decided on these ports before.
    [[nodiscard]] quic::Hello::Beside beside(const Packet& packet, Workspace& workspace) const;

    /// Forgets what was read of a flow of datagrams, but not what was decided on its ports before.
    void begin_anew();

  private:
    void read(const Packet& packet, std::uint32_t number, Workspace& workspace);
    void confirm(const Packet& packet, Workspace& workspace);
    void ask_ndpi(const Packet& packet, Workspace& workspace);
    void keep_bound(const Packet& packet, const Workspace& workspace);
    void feed_ndpi(const Packet& packet, Workspace& workspace);
    void release();

    Findings findings_;
    std::variant<std::monostate, StreamInspector, DatagramInspector> transport_;
    Ndpi::FlowState ndpi_;  ///< while nDPI is asked
    std::optional<Direction> ndpi_first_;
    Ending own_ending_ = Ending::open;  ///< of octroi's own parsers; nDPI may go on after them
    std::uint8_t ndpi_packets_ = 0;
    std::size_t octets_ = 0;  ///< of payload, while it is open or waits for the server
};

}  // namespace octroi
