#include "classifiers/datagram_inspector.hpp"

#include <algorithm>

#include "classifiers/client_hello.hpp"
#include "classifiers/dns_message.hpp"
#include "classifiers/gquic.hpp"
#include "classifiers/ja4.hpp"
#include "classifiers/stun.hpp"
#include "classifiers/turn_notes.hpp"

namespace octroi {
namespace {

constexpr std::uint32_t payload_quota = 8;
// A QUIC client repeats the pieces of its ClientHello under loss, one at a time.
constexpr std::uint32_t quic_payload_quota = 32;

}  // namespace

void DatagramInspector::inspect(const Packet& packet, std::uint32_t number, Findings& findings,
                                Workspace& workspace) {
    if (packet.payload.empty())
        return;
    ++payloads_;
    if (reads_dns(packet, number, findings))
        return;
    if (const auto name = gquic::server_name(packet.payload)) {
        client_ = packet.direction;
        findings.application = Application::quic;
        return findings.accept_name(*name, EvidenceKind::quic_sni, number,
                                    ParserError::tls_bad_name);
    }
    if (!read_quic(packet, number, findings, workspace))
        read_media(packet.payload, number, findings);
    if (payloads_ >= (quic_ ? quic_payload_quota : payload_quota))
        findings.end(quic_ ? Ending::quota : Ending::nothing_more);
}

// True where the datagram belongs to a QUIC connection.
bool DatagramInspector::read_quic(const Packet& packet, std::uint32_t number, Findings& findings,
                                  Workspace& workspace) {
    if (client_ && *client_ != packet.direction)
        return quic_ != nullptr;
    if (!quic_) {
        if (!quic::read_long_header(packet.payload))
            return false;
        quic_ = std::make_unique<quic::Hello>();
    }
    const quic::Hello::Result result =
        quic_->feed(packet.payload, workspace.quic, workspace.budget);
    if (result == quic::Hello::Result::opened || result == quic::Hello::Result::complete)
        connection_ = quic_->newest();
    switch (result) {
        case quic::Hello::Result::no_quic:
            break;
        case quic::Hello::Result::opened:
            client_ = packet.direction;
            findings.application = Application::quic;
            break;
        case quic::Hello::Result::complete:
            accept_hello(packet, number, findings);
            break;
        case quic::Hello::Result::conflict:
            findings.end(Ending::ambiguous);
            break;
        case quic::Hello::Result::malformed:
            findings.error = ParserError::quic_malformed;
            findings.end(Ending::nothing_more);
            break;
        case quic::Hello::Result::no_memory:
            findings.end(Ending::no_memory);
            break;
    }
    return true;
}

void DatagramInspector::accept_hello(const Packet& packet, std::uint32_t number,
                                     Findings& findings) {
    client_ = packet.direction;
    findings.application = Application::quic;
    const auto hello = tls::parse_client_hello(quic_->message());
    if (!hello) {
        findings.error = ParserError::quic_malformed;
        return findings.end(Ending::nothing_more);
    }
    findings.accept_hello(*hello, tls::Carrier::quic);
    if (hello->server_name.empty())
        return findings.end(Ending::nothing_more);
    findings.accept_name(hello->server_name, EvidenceKind::quic_sni, number,
                         ParserError::tls_bad_name);
}

// Anything else on port 53 is read like any other port's.
bool DatagramInspector::reads_dns(const Packet& packet, std::uint32_t number, Findings& findings) {
    if (packet.source().port != dns::port && packet.destination().port != dns::port)
        return false;
    const auto message = dns::read_preamble(packet.payload);
    if (!message) {
        if (message.error() == dns::Problem::malformed)
            findings.error = ParserError::dns_malformed;
        return false;
    }
    client_ = message->response ? opposite(packet.direction) : packet.direction;
    findings.application = Application::dns;
    if (!message->name.empty())
        findings.add_evidence(EvidenceKind::dns, message->name, number);
    findings.end(Ending::nothing_more);
    return true;
}

void DatagramInspector::read_media(Bytes payload, std::uint32_t number, Findings& findings) {
    if (const auto message = stun::parse(payload)) {
        note_turn(*message, number, findings);
        if (!findings.realm.empty())
            findings.end(Ending::nothing_more);
        return;
    }
    if (findings.application == Application::unknown && is_media(payload))
        findings.application = Application::media;
    const Signatures fresh = datagram_signatures(payload) & ~findings.signatures;
    for (std::size_t i = 0; i < fresh.size(); ++i)
        if (fresh.test(i))
            findings.add_evidence(EvidenceKind::media, std::string(signature_names[i]), number);
    findings.signatures |= fresh;
}

}  // namespace octroi
