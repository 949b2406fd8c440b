#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "classifiers/findings.hpp"
#include "classifiers/packet.hpp"
#include "classifiers/quic_hello.hpp"

namespace octroi {

/// Reads a UDP flow: QUIC, DNS, STUN and TURN, and the framings of media.
class DatagramInspector {
  public:
    /// Takes the next packet of an open inspection.
    void inspect(const Packet& packet, std::uint32_t number, Findings& findings,
                 Workspace& workspace);

    /// (merge: quic)
    void confirm(const Packet& /*packet*/, Findings& /*findings*/, Workspace& /*workspace*/) {}

    [[nodiscard]] bool awaits_answer(const Findings& /*findings*/) const { return false; }

    /// Frees the buffers.
    void release() { quic_.reset(); }

    /// Of the newest QUIC connection; empty where there was none.
    [[nodiscard]] const quic::ConnectionId& connection() const { return connection_; }

    /// The direction in which the client sends, once known.
    [[nodiscard]] std::optional<Direction> client() const { return client_; }

  private:
    [[nodiscard]] bool read_quic(const Packet& packet, std::uint32_t number, Findings& findings,
                                 Workspace& workspace);
    void accept_hello(const Packet& packet, std::uint32_t number, Findings& findings);
    [[nodiscard]] bool reads_dns(const Packet& packet, std::uint32_t number, Findings& findings);
    static void read_media(Bytes payload, std::uint32_t number, Findings& findings);

    std::unique_ptr<quic::Hello> quic_;  ///< made at the first long header: most flows have none
    quic::ConnectionId connection_;      ///< of the newest QUIC connection
    std::optional<Direction> client_;
    std::uint32_t payloads_ = 0;
};

}  // namespace octroi
