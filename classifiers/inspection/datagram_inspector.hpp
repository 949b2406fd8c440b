#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "classifiers/inspection/call_signs.hpp"
#include "classifiers/inspection/findings.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "classifiers/net/packet.hpp"
#include "classifiers/quic/quic_hello.hpp"
#include "classifiers/tls/dtls_handshake.hpp"

namespace octroi {

/// Reads a UDP flow: QUIC, DNS, STUN and TURN, DTLS, and the framings of media.
class DatagramInspector {
  public:
    /// Takes the next packet of an open inspection.
    void inspect(const Packet& packet, std::uint32_t number, Findings& findings,
                 Workspace& workspace);

    /// Takes a packet after the inspection ended with a ClientHello, while `awaits_answer`. It
    /// notes where the server has taken the ClientHello. Another one of the client changes the
    /// findings: its name replaces the one before, and where both belong to one connection, the
    /// ending is `ambiguous`. True where the client goes on with what is no QUIC: then nothing was
    /// read, and inspection begins anew with this packet.
    [[nodiscard]] bool confirm(const Packet& packet, Findings& findings, Workspace& workspace);

    /// Whether a ClientHello was read that the server has not answered.
    [[nodiscard]] bool awaits_answer(const Findings& findings) const {
        return findings.application == Application::quic && client_ && !findings.open() &&
               !findings.answered && findings.may_permit();
    }

    /// Of which connection a datagram of the client has an Initial; `before` is the one that was
    /// decided on these ports.
    [[nodiscard]] quic::Hello::Beside beside(const Packet& packet, Workspace& workspace) const {
        return client_ == packet.direction
                   ? quic::Hello::beside(quic::peers_of(packet), packet.payload, resumed_,
                                         connection_, workspace.quic)
                   : quic::Hello::Beside::none;
    }

    /// Forgets all but what was decided on these ports before.
    void begin_anew() {
        const quic::Identity resumed = resumed_;
        *this = DatagramInspector();
        resumed_ = resumed;
    }

    /// The connection was decided on these ports before, and may go on. Before the first
    /// packet.
    void resume(const quic::Identity& connection) { resumed_ = connection; }

    /// Ends an open inspection for which nothing more may be spent.
    void exhaust(Findings& findings) const;

    /// Frees the buffers.
    void release() {
        quic_.reset();
        certificate_.reset();
    }

    /// Of the QUIC connection that named the flow, else of the newest; empty where there was none.
    [[nodiscard]] const quic::Identity& connection() const { return connection_; }

    /// The direction in which the client sends, once known.
    [[nodiscard]] std::optional<Direction> client() const { return client_; }

    /// Whether a QUIC client has begun: what was decided on these ports before must not let the
    /// rest of its ClientHello by.
    [[nodiscard]] bool disputed() const { return initials_ > 0; }

  private:
    [[nodiscard]] bool read_quic(const Packet& packet, std::uint32_t number, Findings& findings,
                                 Workspace& workspace);
    void forget(Findings& findings);
    void read_client(const Packet& packet, std::uint32_t number, Findings& findings,
                     Workspace& workspace);
    void read_server(const Packet& packet, std::uint32_t number, Findings& findings,
                     Workspace& workspace);
    void take(quic::Hello::Result result, std::uint32_t number, Findings& findings);
    void accept_hello(std::uint32_t number, Findings& findings);
    [[nodiscard]] bool read_unknown_version(const Packet& packet, Findings& findings);
    void keep_quotas(Findings& findings) const;
    [[nodiscard]] bool reads_dns(const Packet& packet, std::uint32_t number, Findings& findings);
    [[nodiscard]] bool reads_google_quic(const Packet& packet, std::uint32_t number,
                                         Findings& findings);
    void read_call(const Packet& packet, std::uint32_t number, Findings& findings,
                   Workspace& workspace);
    void read_certificate(const Packet& packet, std::uint32_t number, Findings& findings,
                          Workspace& workspace);

    /// A client's attempt in a version of QUIC that octroi doesn't know.
    struct Attempt {
        std::uint32_t version = 0;
        Direction direction{};
        quic::ConnectionId source;
    };

    std::unique_ptr<quic::Hello> quic_;  ///< made at the first long header: most flows have none
    std::unique_ptr<Attempt> attempt_;
    std::unique_ptr<dtls::CertificateReader> certificate_;  ///< of who did not speak first
    CallSigns call_;
    quic::Identity connection_;
    quic::Identity resumed_;
    std::optional<Direction> client_;
    Direction first_{};           ///< of the first payload
    std::uint32_t number_ = 0;    ///< of the newest packet
    bool sealed_ = false;         ///< packets like QUIC's came, be it that none could be opened
    std::uint32_t payloads_ = 0;  ///< of both directions
    std::uint32_t initials_ = 0;  ///< the client's datagrams with an Initial that was opened
};

}  // namespace octroi
