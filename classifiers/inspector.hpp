#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "classifiers/evidence.hpp"
#include "classifiers/memory_budget.hpp"
#include "classifiers/packet.hpp"
#include "classifiers/tcp_stream.hpp"

namespace octroi {

/// Why inspection of a flow ended.
enum class Ending : std::uint8_t {
    open,          ///< it goes on: more packets may tell more
    named,         ///< a name was read: nothing later can outweigh it
    nothing_more,  ///< every classifier has seen enough and none can tell more
    quota,         ///< the flow used up the packets or octets that inspection spends on one flow
    no_memory,     ///< the worker's buffers are used up
    ambiguous      ///< TCP data came twice with different content: an evasion
};

/// What a parser found wrong in a packet that it had reason to read.
enum class ParserError : std::uint8_t { tls_malformed, tls_too_large, tls_bad_name };

inline constexpr std::size_t parser_error_count = 3;

/// Everything that inspection knows about a flow so far.
struct Findings {
    std::vector<Evidence> evidence;
    std::string server_name;           ///< the name that the client asks for; empty where unknown
    std::string alpn;                  ///< first ALPN protocol offered; empty where unknown
    std::optional<ParserError> error;  ///< found in the newest packet
    Application application{};
    Ending ending = Ending::open;
    bool encrypted_client_hello = false;  ///< extension seen, real or GREASE
};

/// What the inspectors of one worker share: buffers that outlive the flows.
struct Workspace {
    MemoryBudget budget;
    std::vector<std::uint8_t> scratch;

    explicit Workspace(std::size_t buffer_limit) : budget(buffer_limit) {}
};

/// Looks at the packets of one flow, in both directions, until nothing more can be learned.
class Inspector {
  public:
    /// Takes the next packet of the flow. `number` counts the flow's packets from 1. After the
    /// ending is no longer `open` further packets are ignored.
    void inspect(const Packet& packet, std::uint32_t number, Workspace& workspace);

    /// Ends an open inspection and frees its buffers.
    void end(Ending ending);

    [[nodiscard]] const Findings& findings() const { return findings_; }

    [[nodiscard]] bool open() const { return findings_.ending == Ending::open; }

    /// The direction in which the client sends: certain once a SYN or a ClientHello was seen.
    [[nodiscard]] std::optional<Direction> client() const { return client_; }

    /// Whether the connection was already under way when its first packet was seen (no SYN).
    [[nodiscard]] bool midstream() const { return midstream_; }

  private:
    struct Half {
        TcpStream stream;
        std::size_t needed = 0;      ///< octets before another look at the stream is useful
        std::uint32_t payloads = 0;  ///< segments with data
        bool finished = false;       ///< this direction holds no ClientHello
    };

    void inspect_tcp(const Packet& packet, std::uint32_t number, Workspace& workspace);
    void note_handshake(const Packet& packet);
    void read_stream(Half& half, const Packet& packet, std::uint32_t number, Workspace& workspace);
    void read_client_hello(Bytes stream, Direction sender, std::uint32_t number,
                           Workspace& workspace);
    void accept_server_name(Bytes name, std::uint32_t number);
    void finish_half(Direction direction);
    void check_quota();

    std::array<Half, 2> halves_;
    Findings findings_;
    std::optional<Direction> client_;
    std::uint64_t octets_ = 0;
    bool midstream_ = false;
};

}  // namespace octroi
