#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/clear/signature.hpp"
#include "classifiers/inspection/evidence.hpp"
#include "classifiers/net/address.hpp"
#include "classifiers/tls/ja4.hpp"

namespace octroi {

/// Why inspection of a flow ended.
enum class Ending : std::uint8_t {
    open,          ///< it goes on: more packets may tell more
    named,         ///< a name was read: nothing later can outweigh it
    nothing_more,  ///< every classifier has seen enough and none can tell more
    quota,         ///< the flow used up the packets or octets that inspection spends on one flow
    no_memory,     ///< the worker's buffers are used up
    ambiguous,     ///< data came twice with different content: an evasion
    unreadable     ///< the client asked for something, and what it was could not be read
};

/// Why the name that a client asks for could not be read to its end.
enum class Unreadable : std::uint8_t {
    none,
    malformed,   ///< the octets break the protocol's grammar
    bad_name,    ///< a name is there, and its octets are none
    too_large,   ///< longer than what octroi keeps of a stream
    quota,       ///< the packets or octets that inspection spends on one flow are used up
    incomplete,  ///< the server answers what is no whole request here
    urgent,      ///< urgent octets in it: receivers differ in what they take (RFC 6093)
    forgotten,   ///< it was silent so long that its beginning is forgotten
    no_memory    ///< the worker's buffers are used up
};

inline constexpr std::array<std::string_view, 9> unreadable_names = {
    "none",       "malformed", "bad_name",  "too_large", "quota",
    "incomplete", "urgent",    "forgotten", "no_memory"};

[[nodiscard]] constexpr std::string_view to_string(Unreadable why) {
    return unreadable_names[static_cast<std::size_t>(why)];
}

/// What a parser found wrong in a packet that it had reason to read.
enum class ParserError : std::uint8_t {
    tls_malformed,
    tls_too_large,
    tls_bad_name,
    quic_malformed,
    dns_malformed,
    http_bad_host,
    certificate_malformed
};

inline constexpr std::size_t parser_error_count = 7;

/// What a call by WebRTC that is no known service's is called, beside nDPI's applications.
inline constexpr std::string_view webrtc_call = "webrtc-call";

/// Everything that inspection knows about a flow so far.
struct Findings {
    std::vector<Evidence> evidence;
    std::string server_name;     ///< the name that the client asks for; empty where unknown
    EvidenceKind name_kind{};    ///< how `server_name` was read
    std::string server_address;  ///< a literal address where a name belongs; never decides
    std::optional<Address> proxied_address;  ///< that the client asks a proxy for (SOCKS, CONNECT)
    std::uint16_t proxied_port = 0;          ///< beside it; 0 where unknown
    std::vector<std::string> certificate_names;  ///< of the server, where the client names none
    std::string realm;                           ///< of a TURN server; empty where unknown
    std::string alpn;                  ///< first ALPN protocol offered; empty where unknown
    std::string ndpi_protocol;         ///< nDPI's master protocol; empty where unknown
    std::string ndpi_application;      ///< nDPI's application; empty where unknown
    std::string ja4;                   ///< of the ClientHello; empty where there was none
    std::optional<ParserError> error;  ///< found in the newest packet
    Signatures signatures;
    Signatures sure_signatures;  ///< of these, what chance alone does not give
    Application application{};
    Ending ending = Ending::open;
    Unreadable unreadable{};  ///< why, where `ending` is `unreadable`
    bool answered = false;    ///< the server has taken what was read
    bool doubtful = false;    ///< a receiver may have thrown away what was read (RFC 9293 3.10.7.4)
    bool realm_by_client = false;         ///< nobody but the client has said it
    bool encrypted_client_hello = false;  ///< extension seen, real or GREASE
    bool webrtc = false;  ///< ICE's checks and a DTLS handshake of both sides (RFC 8827 6.5)

    [[nodiscard]] bool open() const { return ending == Ending::open; }

    /// Whether what was read is the flow's, if the server took it.
    [[nodiscard]] bool may_permit() const {
        return ending != Ending::no_memory && ending != Ending::ambiguous &&
               ending != Ending::unreadable;
    }

    void end(Ending why) {
        if (open())
            ending = why;
    }

    /// Ends an open inspection of a flow that began as TLS, QUIC, HTTP or a proxy's protocol: the
    /// client asks for something, and octroi can't say for what.
    void give_up(Unreadable why) {
        if (!open())
            return;
        ending = Ending::unreadable;
        unreadable = why;
    }

    /// Notes what a ClientHello tells beside the name.
    void accept_hello(const tls::ClientHello& hello, tls::Carrier carrier);

    /// Notes the host that the client asks for. Ends the inspection as `named`, or with `error` as
    /// `unreadable` where the octets are no name that a server could take for one.
    void accept_name(Bytes name, EvidenceKind kind, std::uint32_t packet, ParserError otherwise);

    /// Notes the names of the server's certificate (DER), and ends the inspection.
    void accept_certificate(Bytes der, std::uint32_t packet);

    void note(const SignatureEvidence& shown) {
        signatures |= shown.seen;
        sure_signatures |= shown.sure;
    }

    void add_evidence(EvidenceKind kind, std::string value, std::uint32_t packet);
};

}  // namespace octroi
