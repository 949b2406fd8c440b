#include "classifiers/inspector.hpp"

#include <algorithm>

#include "classifiers/client_hello.hpp"
#include "classifiers/domain.hpp"
#include "classifiers/tls_handshake.hpp"

namespace octroi {
namespace {

// A ClientHello fits in 64 KiB; the rest is room for retransmissions of every octet of it.
constexpr std::uint64_t octet_quota = 4 * TcpStream::capacity;
// Data from a direction that cannot be judged by itself (no SYN seen): how long to wait for the
// other.
constexpr std::uint32_t one_sided_payloads = 8;
// A TLS server says nothing before the ClientHello is complete.
constexpr std::uint32_t early_server_payloads = 16;
constexpr std::size_t max_alpn = 32;

std::string text_of(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}

}  // namespace

void Inspector::inspect(const Packet& packet, std::uint32_t number, Workspace& workspace) {
    findings_.error.reset();
    if (!open())
        return;
    if (packet.key.protocol() == Protocol::tcp)
        inspect_tcp(packet, number, workspace);
    else
        end(Ending::nothing_more);
}

void Inspector::end(Ending ending) {
    if (!open())
        return;
    findings_.ending = ending;
    for (Half& half : halves_)
        half.stream.clear();
}

void Inspector::inspect_tcp(const Packet& packet, std::uint32_t number, Workspace& workspace) {
    if (number == 1)
        midstream_ = !packet.tcp.syn;
    if (packet.tcp.syn)
        note_handshake(packet);
    if (packet.payload.empty())
        return;
    octets_ += packet.payload.size();
    Half& half = halves_[static_cast<std::size_t>(packet.direction)];
    ++half.payloads;
    const bool from_server = client_ && *client_ != packet.direction;
    if (!half.finished && !from_server)
        read_stream(half, packet, number, workspace);
    if (open())
        check_quota();
}

// RFC 9293 3.5: data starts one after the SYN's own sequence number. A second SYN with another
// number before any data is a new connection on the same ports.
void Inspector::note_handshake(const Packet& packet) {
    client_ = packet.tcp.ack ? opposite(packet.direction) : packet.direction;
    TcpStream& stream = halves_[static_cast<std::size_t>(packet.direction)].stream;
    if (stream.contiguous().empty() && stream.first_sequence() != packet.tcp.sequence + 1)
        stream.clear();
    if (stream.contiguous().empty())
        stream.start(packet.tcp.sequence + 1);
}

void Inspector::read_stream(Half& half, const Packet& packet, std::uint32_t number,
                            Workspace& workspace) {
    const std::uint32_t sequence = packet.tcp.sequence + (packet.tcp.syn ? 1U : 0U);
    if (!half.stream.started())
        half.stream.start(sequence);
    // The common case, a whole ClientHello in the first segment, is read where it lies.
    if (half.stream.begins_with(sequence)) {
        read_client_hello(packet.payload, packet.direction, number, workspace);
        if (!open() || half.finished)
            return;
    }
    switch (half.stream.insert(sequence, packet.payload, workspace.budget)) {
        case TcpStream::Result::conflict:
            return end(Ending::ambiguous);
        case TcpStream::Result::no_memory:
            return end(Ending::no_memory);
        case TcpStream::Result::unchanged:
            return;
        case TcpStream::Result::advanced:
            if (half.stream.contiguous().size() >= half.needed)
                read_client_hello(half.stream.contiguous(), packet.direction, number, workspace);
    }
}

void Inspector::read_client_hello(Bytes stream, Direction sender, std::uint32_t number,
                                  Workspace& workspace) {
    const auto message = tls::first_handshake_message(stream, workspace.scratch);
    if (!message && message.error().incomplete) {
        halves_[static_cast<std::size_t>(sender)].needed = message.error().progress.needed;
        return;
    }
    if (!message) {
        if (message.error().reason == tls::NotClientHello::too_large)
            findings_.error = ParserError::tls_too_large;
        return finish_half(sender);
    }
    const auto hello = tls::parse_client_hello(*message);
    if (!hello) {
        findings_.error = ParserError::tls_malformed;
        return finish_half(sender);
    }
    client_ = sender;
    findings_.application = Application::tls;
    findings_.alpn = text_of(hello->alpn.first(std::min(hello->alpn.size(), max_alpn)));
    findings_.encrypted_client_hello = hello->encrypted_client_hello;
    accept_server_name(hello->server_name, number);
}

void Inspector::accept_server_name(Bytes name, std::uint32_t number) {
    if (name.empty())
        return end(Ending::nothing_more);
    const auto domain = Domain::parse(name);
    if (!domain) {
        findings_.error = ParserError::tls_bad_name;
        return end(Ending::nothing_more);
    }
    findings_.server_name = domain->text();
    findings_.evidence.push_back(
        {.kind = EvidenceKind::tls_sni, .value = domain->text(), .packet = number});
    end(Ending::named);
}

void Inspector::finish_half(Direction direction) {
    Half& half = halves_[static_cast<std::size_t>(direction)];
    const Half& other = halves_[static_cast<std::size_t>(opposite(direction))];
    half.finished = true;
    half.stream.clear();
    if (client_ == direction || other.finished)
        end(Ending::nothing_more);
}

void Inspector::check_quota() {
    if (octets_ > octet_quota)
        return end(Ending::quota);
    for (const Direction direction : {Direction::low_to_high, Direction::high_to_low}) {
        const Half& half = halves_[static_cast<std::size_t>(direction)];
        const bool server = client_ == opposite(direction);
        if (server && half.payloads > early_server_payloads)
            return end(Ending::quota);
        if (!client_ && half.finished && half.payloads >= one_sided_payloads)
            return end(Ending::nothing_more);
    }
}

}  // namespace octroi
