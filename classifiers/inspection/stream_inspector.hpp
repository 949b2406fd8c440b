#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "classifiers/inspection/client_request.hpp"
#include "classifiers/inspection/client_sequences.hpp"
#include "classifiers/inspection/findings.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "classifiers/net/packet.hpp"
#include "classifiers/net/tcp_options.hpp"
#include "classifiers/net/tcp_stream.hpp"

namespace octroi {

/// Reads a TCP connection: what the client asks for (TLS, HTTP, TURN), and the server's certificate
/// where the client names nobody.
///
/// The stream that is read is the one that the server takes: its acknowledgements say which of
/// several SYNs counts, what it took of a SYN's data, and what is too late to change anything.
class StreamInspector {
  public:
    /// Takes the next packet of an open inspection.
    void inspect(const Packet& packet, std::uint32_t number, Findings& findings,
                 Workspace& workspace);

    /// Takes a packet after the inspection ended, while `awaits_answer`: notes whether the server
    /// took what was read, or that the client contradicts it. True where the server took something
    /// else: then nothing was read, and inspection begins anew.
    [[nodiscard]] bool confirm(const Packet& packet, Findings& findings);

    /// Ends an open inspection for which nothing more may be spent.
    void exhaust(Findings& findings) const;

    /// Whether something was read of the client that the server has not acknowledged.
    [[nodiscard]] bool awaits_answer(const Findings& findings) const {
        return relied_ > 0 && !findings.answered && findings.may_permit();
    }

    /// Whether the server's next acknowledgement tells something, be it an empty segment.
    [[nodiscard]] bool wants_acknowledgements(const Findings& findings) const;

    /// Frees the buffers.
    void release();

    /// The direction in which the client sends, once known.
    [[nodiscard]] std::optional<Direction> client() const { return client_; }

    /// Whether the connection was under way when its first packet was seen (no SYN).
    [[nodiscard]] bool midstream() const { return midstream_; }

    /// Before the first packet, a SYN: the server may still know an earlier connection on its
    /// ports.
    void reuse_ports() { reused_ports_ = true; }

    /// Before the first packet, no SYN: the connection was begun in sight, and is forgotten.
    void forgotten() { forgotten_ = true; }

    /// Whether the server's SYN-ACK was seen since the client's newest SYN.
    [[nodiscard]] bool confirmed() const { return confirmed_; }

  private:
    struct Half {
        TcpStream stream;
        std::size_t needed = 0;      ///< octets before another look at the stream is useful
        std::uint32_t payloads = 0;  ///< segments with data
        bool finished = false;       ///< this direction can tell nothing more
        bool begun = false;          ///< it holds the start of a request, and not all of it
        RequestProgress progress;    ///< of the looks at the stream, while it only grows
    };

    /// Octets of a stream, from `sequence` on.
    struct Segment {
        std::uint32_t sequence = 0;
        Bytes octets;
    };

    struct Look;  // one look at a half's stream, with all that it needs

    [[nodiscard]] Half& half(Direction direction) {
        return halves_[static_cast<std::size_t>(direction)];
    }

    [[nodiscard]] const Half& half(Direction direction) const {
        return halves_[static_cast<std::size_t>(direction)];
    }

    // Only where the client is known.
    [[nodiscard]] Half& clients_half() {
        // NOLINTNEXTLINE(bugprone-unchecked-optional-access): asked about a known client
        return half(*client_);
    }

    [[nodiscard]] const Half& clients_half() const {
        // NOLINTNEXTLINE(bugprone-unchecked-optional-access): asked about a known client
        return half(*client_);
    }

    [[nodiscard]] Direction direction_of(const Half& half) const {
        return &half == &halves_.front() ? Direction::low_to_high : Direction::high_to_low;
    }

    [[nodiscard]] bool reads_dns(const Packet& packet, Findings& findings);
    [[nodiscard]] bool note(const Packet& packet);
    void note_interface(const Packet& packet);
    [[nodiscard]] bool comes_from_client_side(const Packet& packet) const;
    void note_reply(const Packet& packet, Findings& findings);
    [[nodiscard]] bool note_syn(const Packet& packet);
    [[nodiscard]] bool note_syn_ack(const Packet& packet);
    void note_acknowledged(const Packet& packet);
    void note_sent(const Packet& packet, Findings& findings);
    void note_urgent(const Packet& packet);
    [[nodiscard]] bool is_keep_alive(const Packet& packet) const;
    void doubt_forgotten(const Packet& packet, Findings& findings);

    [[nodiscard]] bool from_client(const Packet& packet) const {
        return client_ == packet.direction;
    }

    // Nobody else is the client.
    [[nodiscard]] bool from_client_side(Direction direction) const {
        return !client_ || *client_ == direction;
    }

    [[nodiscard]] bool is_doubtful(const Packet& packet);
    [[nodiscard]] static Segment segment_of(const Packet& packet);
    [[nodiscard]] Segment not_taken_yet(const Packet& packet) const;
    void choose_first(std::uint32_t sequence);
    [[nodiscard]] bool contradicts(const Segment& segment);
    [[nodiscard]] bool was_taken() const;
    void begin_anew(std::uint32_t first);
    void keep_first(std::uint32_t octets);
    void note_end(const Segment& segment);
    void give_up(Findings& findings, Unreadable why, Ending otherwise) const;
    void note_read(const Packet& packet, Findings& findings, const Workspace& workspace);
    void read(const Look& look, const Segment& segment);
    void keep(const Look& look, const Segment& segment);
    void examine_taken(const Look& look);
    void examine_anew(const Look& look, Bytes stream);
    void examine(const Look& look, Bytes stream);
    void examine_client(const Look& look, Bytes stream);
    void examine_server(const Look& look, Bytes stream);
    void examine_clear(const Look& look, Bytes stream);
    void accept_client_hello(const Look& look, Bytes message);
    void accept_host(const Look& look, Bytes host);
    void await_certificate(const Look& look);
    void accept_turn(const Look& look, Bytes message) const;
    void finish(const Look& look);
    void check_quota(Findings& findings);

    /// What the client's SYN showed of the segments to come.
    struct Opening {
        std::uint8_t hop_limit = 0;
        bool signed_segments = false;
        bool timestamps = false;
    };

    std::array<Half, 2> halves_;
    std::optional<Direction> client_;
    std::optional<Opening> opening_;  ///< empty where no SYN was seen
    std::optional<std::uint32_t> newest_timestamp_;
    std::optional<std::uint32_t> taken_;  ///< the server's highest acknowledgement
    ClientSequences firsts_;
    UrgentOctets urgent_;
    std::uint64_t octets_ = 0;
    std::uint32_t sent_ = 0;              ///< octets of the client's stream that were seen to go
    std::uint32_t relied_ = 0;            ///< octets of the client's stream that were read
    std::uint32_t syn_octets_ = 0;        ///< of these, the ones that came in a SYN
    std::uint32_t client_interface_ = 0;  ///< that its packets come in by; 0: unknown
    bool midstream_ = false;
    bool reused_ports_ = false;
    bool forgotten_ = false;  ///< what came before was seen, and is not known any more
    bool confirmed_ = false;  ///< the server's SYN-ACK was seen
    bool awaits_certificate_ = false;
};

}  // namespace octroi
