#include "classifiers/stream_inspector.hpp"

#include <algorithm>

#include "classifiers/certificate.hpp"
#include "classifiers/client_hello.hpp"
#include "classifiers/dns_message.hpp"
#include "classifiers/http_request.hpp"
#include "classifiers/ja4.hpp"
#include "classifiers/socks.hpp"
#include "classifiers/stun.hpp"
#include "classifiers/tls_handshake.hpp"
#include "classifiers/tls_server_flight.hpp"
#include "classifiers/turn_notes.hpp"

namespace octroi {
namespace {

// A ClientHello fits in 64 KiB; the rest is room for retransmissions of every octet of it.
constexpr std::uint64_t octet_quota = 4 * TcpStream::capacity;
// Data from a direction that cannot be judged by itself (no SYN seen): how long to wait for the
// other.
constexpr std::uint32_t one_sided_payloads = 8;
// A TLS server says nothing before the ClientHello is complete.
constexpr std::uint32_t early_server_payloads = 16;
// What the shortest recognisable start of a clear protocol needs: a STUN header with its cookie,
// behind the 2 octets of RFC 4571 framing.
constexpr std::size_t shortest_start = 10;

// RFC 6066 3: literal addresses are not permitted in host_name; some clients send them all the
// same.
bool is_address(Bytes name) {
    return parse_address({reinterpret_cast<const char*>(name.data()), name.size()}).has_value();
}

// RFC 8446 5.1, 4: a handshake record whose message is a ClientHello.
bool starts_client_hello(Bytes stream) {
    return stream.size() > 5 && stream[0] == 0x16 && stream[1] == 3 && stream[5] == 1;
}

std::string text_of(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}

}  // namespace

struct StreamInspector::Look {
    Half& half;
    Direction direction;
    std::uint32_t number;
    Findings& findings;
    Workspace& workspace;
};

void StreamInspector::inspect(const Packet& packet, std::uint32_t number, Findings& findings,
                              Workspace& workspace) {
    if (number == 1)
        midstream_ = !packet.tcp.syn;
    if (packet.tcp.syn)
        note_handshake(packet);
    if (packet.payload.empty())
        return;
    octets_ += packet.payload.size();
    Half& sender = half(packet.direction);
    ++sender.payloads;
    const bool from_server = client_ && *client_ != packet.direction;
    if (disputed_ && !confirmed_ && !from_server)
        return findings.end(Ending::ambiguous);
    if (reads_dns(packet, findings))
        return;
    if (!sender.finished && (!from_server || awaits_certificate_)) {
        const Look look{.half = sender,
                        .direction = packet.direction,
                        .number = number,
                        .findings = findings,
                        .workspace = workspace};
        read(look, packet.tcp.sequence + (packet.tcp.syn ? 1U : 0U), packet.payload);
    }
    if (findings.open())
        check_quota(findings);
}

// RFC 7766: the queries and answers are read packet by packet where they are used.
bool StreamInspector::reads_dns(const Packet& packet, Findings& findings) {
    const std::vector<Bytes> messages = dns::messages_in(packet);
    const auto first = messages.empty() ? std::unexpected(dns::Problem::not_an_answer)
                                        : dns::read_preamble(messages.front());
    if (!first)
        return false;
    client_ = first->response ? opposite(packet.direction) : packet.direction;
    findings.application = Application::dns;
    findings.end(Ending::nothing_more);
    return true;
}

void StreamInspector::release() {
    for (Half& each : halves_)
        each.stream.clear();
}

// RFC 9293 3.5: data starts one after the SYN's own sequence number. A second SYN with another
// number before any data is a new connection on the same ports. What the server acknowledges is
// what it took: its SYN-ACK outweighs every SYN, which might be a decoy that never reached it.
void StreamInspector::note_handshake(const Packet& packet) {
    client_ = packet.tcp.ack ? opposite(packet.direction) : packet.direction;
    midstream_ = false;
    TcpStream& stream = half(packet.direction).stream;
    if (packet.tcp.ack) {
        if (disputed_ || !half(*client_).stream.started())
            note_acknowledged(half(*client_), packet.tcp.acknowledgement);
        confirmed_ = true;
    } else {
        if (stream.started() && stream.first_sequence() != packet.tcp.sequence + 1)
            disputed_ = true;
        if (confirmed_)
            return;
    }
    if (stream.contiguous().empty() && stream.first_sequence() != packet.tcp.sequence + 1)
        stream.clear();
    if (stream.contiguous().empty())
        stream.start(packet.tcp.sequence + 1);
}

void StreamInspector::note_acknowledged(Half& sender, std::uint32_t acknowledgement) {
    // Data in the SYN may be acknowledged with it (RFC 7413 4.2).
    const std::uint32_t taken = acknowledgement - sender.stream.first_sequence();
    if (sender.stream.started() && taken <= sender.stream.contiguous().size())
        return;
    sender = Half();
    sender.stream.start(acknowledgement);
}

void StreamInspector::read(const Look& look, std::uint32_t sequence, Bytes payload) {
    TcpStream& stream = look.half.stream;
    if (!stream.started())
        stream.start(sequence);
    // The common case, a whole ClientHello in the first segment, is read where it lies.
    if (stream.begins_with(sequence)) {
        examine(look, payload);
        if (!look.findings.open() || look.half.finished)
            return;
    }
    switch (stream.insert(sequence, payload, look.workspace.budget)) {
        case TcpStream::Result::conflict:
            return look.findings.end(Ending::ambiguous);
        case TcpStream::Result::no_memory:
            return look.findings.end(Ending::no_memory);
        case TcpStream::Result::unchanged:
            return;
        case TcpStream::Result::advanced:
            if (stream.contiguous().size() >= look.half.needed)
                examine(look, stream.contiguous());
    }
}

void StreamInspector::examine(const Look& look, Bytes stream) {
    const bool server =
        client_ ? *client_ != look.direction : tls::starts_with_server_hello(stream);
    if (server)
        examine_server(look, stream);
    else
        examine_client(look, stream);
}

void StreamInspector::examine_client(const Look& look, Bytes stream) {
    // A SOCKS client's request comes first; what follows is a stream like any other.
    const auto proxied = socks::read_request(stream);
    if (!proxied && proxied.error() == socks::Problem::incomplete) {
        look.half.needed = stream.size() + 1;
        return;
    }
    if (proxied)
        return examine_proxied(look, *proxied, stream);
    examine_request(look, stream);
}

void StreamInspector::examine_proxied(const Look& look, const socks::Request& request,
                                      Bytes stream) {
    if (!request.host.empty() && !is_address(request.host)) {
        client_ = look.direction;
        return look.findings.accept_name(request.host, EvidenceKind::http_host, look.number,
                                         ParserError::http_bad_host);
    }
    const Bytes rest = stream.subspan(request.size);
    if (!rest.empty())
        examine_request(look, rest);
    look.half.needed = look.half.needed == 0 ? stream.size() + 1 : look.half.needed + request.size;
}

void StreamInspector::examine_request(const Look& look, Bytes stream) {
    const auto message = tls::first_handshake_message(stream, look.workspace.scratch);
    if (message)
        return accept_client_hello(look, *message);
    if (message.error().incomplete) {
        if (starts_client_hello(stream))
            look.findings.application = Application::tls;
        look.half.needed = message.error().progress.needed;
        return;
    }
    if (message.error().reason == tls::NotClientHello::too_large) {
        look.findings.application = Application::tls;
        look.findings.error = ParserError::tls_too_large;
        return finish(look);
    }
    examine_clear(look, stream);
}

// Everything that starts without encryption: HTTP, TURN over TCP, WhatsApp's Noise prologue.
void StreamInspector::examine_clear(const Look& look, Bytes stream) {
    look.half.needed = stream.size() + 1;
    const auto host = http::requested_host(stream);
    if (host || host.error() == http::Problem::no_host)
        look.findings.application = Application::http;
    if (host) {
        client_ = look.direction;
        return look.findings.accept_name(*host, EvidenceKind::http_host, look.number,
                                         ParserError::http_bad_host);
    }
    if (host.error() == http::Problem::incomplete || stream.size() < shortest_start)
        return;
    if (const auto framed = stun::stream_message_size(stream))
        return stream.size() < *framed ? void() : accept_turn(look, stream.first(*framed));
    if (stun::stream_message_size(
            stream.subspan(2)))  // RFC 4571 2: length first, as ICE over TCP has it
        look.findings.application = Application::stun;
    look.findings.signatures |= stream_signatures(stream);
    finish(look);
}

void StreamInspector::accept_client_hello(const Look& look, Bytes message) {
    const auto hello = tls::parse_client_hello(message);
    if (!hello) {
        look.findings.error = ParserError::tls_malformed;
        return finish(look);
    }
    client_ = look.direction;
    look.findings.application = Application::tls;
    look.findings.accept_hello(*hello, tls::Carrier::tcp);
    if (is_address(hello->server_name))
        look.findings.server_address = text_of(hello->server_name);
    else if (!hello->server_name.empty())
        return look.findings.accept_name(hello->server_name, EvidenceKind::tls_sni, look.number,
                                         ParserError::tls_bad_name);
    look.half.finished = true;
    look.half.stream.clear();
    awaits_certificate_ = true;
}

void StreamInspector::examine_server(const Look& look, Bytes stream) {
    client_ = opposite(look.direction);
    look.half.needed = stream.size() + 1;
    const auto der = tls::server_certificate(stream, look.workspace.scratch);
    if (der)
        return accept_certificate(look, *der);
    look.findings.application = Application::tls;
    if (der.error() == tls::NoCertificate::none)
        look.findings.end(Ending::nothing_more);
}

void StreamInspector::accept_certificate(const Look& look, Bytes der) {
    look.findings.application = Application::tls;
    if (auto names = certificate_names(der))
        look.findings.certificate_names = std::move(*names);
    else
        look.findings.error = ParserError::certificate_malformed;
    for (const std::string& name : look.findings.certificate_names)
        look.findings.add_evidence(EvidenceKind::tls_certificate, name, look.number);
    look.findings.end(Ending::nothing_more);
}

void StreamInspector::accept_turn(const Look& look, Bytes message) {
    if (const auto parsed = stun::parse(message))
        note_turn(*parsed, look.number, look.findings);
    look.findings.end(Ending::nothing_more);
}

// This direction holds no request that octroi can read.
void StreamInspector::finish(const Look& look) {
    look.half.finished = true;
    look.half.stream.clear();
    if (client_ == look.direction || half(opposite(look.direction)).finished)
        look.findings.end(Ending::nothing_more);
}

void StreamInspector::check_quota(Findings& findings) {
    if (octets_ > octet_quota)
        return findings.end(Ending::quota);
    for (const Direction direction : {Direction::low_to_high, Direction::high_to_low}) {
        const Half& each = half(direction);
        const bool server = client_ == opposite(direction);
        if (server && !awaits_certificate_ && each.payloads > early_server_payloads)
            return findings.end(Ending::quota);
        if (!client_ && each.finished && each.payloads >= one_sided_payloads)
            return findings.end(Ending::nothing_more);
    }
}

}  // namespace octroi
