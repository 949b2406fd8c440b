#include "classifiers/inspection/datagram_inspector.hpp"

#include <utility>

#include "classifiers/clear/stun.hpp"
#include "classifiers/dns/dns_message.hpp"
#include "classifiers/inspection/stun_findings.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "classifiers/quic/gquic.hpp"
#include "classifiers/tls/client_hello.hpp"
#include "classifiers/tls/ja4.hpp"

namespace octroi {
namespace {

constexpr std::uint32_t payload_quota = 8;
// Of a flow where a DTLS handshake goes on or may follow: its certificate comes behind ICE's
// checks.
constexpr std::uint32_t call_payload_quota = 32;
// Of a flow whose packets look like QUIC's, and none could be opened.
constexpr std::uint32_t sealed_payload_quota = 32;
// A QUIC client repeats the pieces of its ClientHello under loss, one at a time, and servers wait
// for them as long as they wait at all.
constexpr std::uint32_t initial_quota = 256;
constexpr std::uint32_t quic_payload_quota = 512;
constexpr std::uint8_t fixed_bit = 0x40;  // RFC 9000 17.2

// RFC 9000 17.2: QUIC's own long headers, unless they are greased.
bool looks_like_quic(Bytes payload) {
    const auto header = quic::read_long_header(payload);
    return header && ((payload.front() & fixed_bit) != 0 ||
                      header->type == quic::LongHeader::Type::version_negotiation);
}

// A client sets the fixed bit until its server allows it to leave it out (RFC 9287 3). A token of
// an earlier connection allows it as well, to Initials.
bool is_no_quic(Bytes payload) {
    return (payload.front() & fixed_bit) == 0 && !quic::LongPackets(payload).next();
}

}  // namespace

// QUIC first: who can open a packet needs no guess. Its octets may read as another protocol's too.
void DatagramInspector::inspect(const Packet& packet, std::uint32_t number, Findings& findings,
                                Workspace& workspace) {
    if (packet.payload.empty())
        return;
    if (payloads_++ == 0)
        first_ = packet.direction;
    number_ = number;
    if (!read_quic(packet, number, findings, workspace) && !reads_dns(packet, number, findings) &&
        !reads_google_quic(packet, number, findings) && !read_unknown_version(packet, findings))
        read_call(packet, number, findings, workspace);
    keep_quotas(findings);
}

void DatagramInspector::exhaust(Findings& findings) const {
    if (initials_ > 0)
        findings.give_up(Unreadable::quota);
    findings.end(Ending::quota);
}

void DatagramInspector::keep_quotas(Findings& findings) const {
    if (initials_ > 0) {
        if (initials_ >= initial_quota || payloads_ >= quic_payload_quota)
            exhaust(findings);
    } else if (sealed_ || attempt_) {
        if (payloads_ >= sealed_payload_quota)
            exhaust(findings);
    } else {
        const bool call = call_.may_tell_more() && findings.signatures.none();
        if (payloads_ >= (call ? call_payload_quota : payload_quota))
            findings.end(Ending::nothing_more);
    }
}

bool DatagramInspector::confirm(const Packet& packet, Findings& findings, Workspace& workspace) {
    if (packet.payload.empty() || !client_)
        return false;
    ++number_;
    if (packet.direction != *client_) {
        if (quic_)  // of Google's own, which has no keys, any datagram could be the answer
            read_server(packet, number_, findings, workspace);
        return false;
    }
    if (quic_ && is_no_quic(packet.payload)) {  // Google's own never has the fixed bit
        forget(findings);
        inspect(packet, number_, findings, workspace);
        return true;
    }
    if (quic_)
        read_client(packet, number_, findings, workspace);
    return false;
}

// All but how much was seen of the flow, which bounds how often this may be.
void DatagramInspector::forget(Findings& findings) {
    const std::uint32_t payloads = payloads_;
    *this = DatagramInspector();
    payloads_ = payloads;
    findings = Findings();
}

// True where the datagram belongs to a QUIC connection.
bool DatagramInspector::read_quic(const Packet& packet, std::uint32_t number, Findings& findings,
                                  Workspace& workspace) {
    if (client_ && *client_ != packet.direction) {
        if (initials_ > 0)
            read_server(packet, number, findings, workspace);
        return initials_ > 0;
    }
    if (!quic_) {
        if (!quic::LongPackets(packet.payload).next())
            return false;
        quic_ = std::make_unique<quic::Hello>();
        quic_->resume(resumed_);
    }
    read_client(packet, number, findings, workspace);
    sealed_ = sealed_ || looks_like_quic(packet.payload);
    return initials_ > 0 || looks_like_quic(packet.payload);
}

void DatagramInspector::read_client(const Packet& packet, std::uint32_t number, Findings& findings,
                                    Workspace& workspace) {
    const auto result =
        quic_->feed(quic::peers_of(packet), packet.payload, workspace.quic, workspace.budget);
    if (result == quic::Hello::Result::no_quic)
        return;
    ++initials_;
    client_ = packet.direction;
    findings.application = Application::quic;
    take(result, number, findings);
}

void DatagramInspector::read_server(const Packet& packet, std::uint32_t number, Findings& findings,
                                    Workspace& workspace) {
    quic::Hello::Answer answer = quic_->answer(packet.payload, workspace.quic);
    // The client may have sent the rest from another port.
    if (answer == quic::Hello::Answer::unfinished) {
        const quic::Peers peers{.client = packet.destination().address, .server = packet.source()};
        take(quic_->recall(peers, workspace.quic, workspace.budget), number, findings);
        answer = quic_->answer(packet.payload, workspace.quic);
    }
    if (answer == quic::Hello::Answer::taken)
        findings.answered = true;
    // Only where nothing of the client's was decided before: on ports that come to be used again
    // the answer may be the earlier connection's.
    const bool fresh = resumed_.id.empty() && (initials_ > 1 || workspace.sees_all);
    if (answer == quic::Hello::Answer::unfinished && fresh &&
        findings.ending != Ending::ambiguous) {
        findings.ending = Ending::open;
        findings.give_up(Unreadable::incomplete);
    }
}

void DatagramInspector::take(quic::Hello::Result result, std::uint32_t number, Findings& findings) {
    if (quic_->any())
        connection_ = quic_->identity();
    switch (result) {
        case quic::Hello::Result::no_quic:
        case quic::Hello::Result::opened:
            return;
        case quic::Hello::Result::complete:
            return accept_hello(number, findings);
        case quic::Hello::Result::conflict:
            findings.ending = Ending::ambiguous;
            return;
        case quic::Hello::Result::malformed:
            findings.error = ParserError::quic_malformed;
            return findings.give_up(Unreadable::malformed);
        case quic::Hello::Result::too_large:
            return findings.give_up(Unreadable::too_large);
        case quic::Hello::Result::no_memory:
            return findings.end(Ending::no_memory);
    }
}

// The newest ClientHello counts: an earlier one of the flow did not refuse it.
void DatagramInspector::accept_hello(std::uint32_t number, Findings& findings) {
    findings.ending = Ending::open;
    const auto hello = tls::parse_client_hello(quic_->message());
    if (!hello) {
        findings.error = ParserError::quic_malformed;
        return findings.give_up(Unreadable::malformed);
    }
    findings.doubtful = findings.doubtful || quic_->is_doubtful();
    findings.accept_hello(*hello, tls::Carrier::quic);
    const std::string before = std::exchange(findings.server_name, {});
    if (hello->server_name.empty())
        return findings.end(Ending::nothing_more);
    findings.accept_name(hello->server_name, EvidenceKind::quic_sni, number,
                         ParserError::tls_bad_name);
    if (findings.server_name == before && !before.empty())
        findings.evidence.pop_back();
}

// A server that answers in the same version reads what octroi can't. One that does not know it
// answers with version negotiation, and the client begins again.
bool DatagramInspector::read_unknown_version(const Packet& packet, Findings& findings) {
    const auto header = quic::read_invariants(packet.payload);
    if (!header || (quic::is_supported(header->version) && !quic::is_reserved(header->version)))
        return false;
    if (attempt_ && attempt_->direction != packet.direction) {
        if (attempt_->version == header->version &&
            attempt_->source == quic::ConnectionId(header->destination_connection_id)) {
            findings.application = Application::quic;
            findings.give_up(Unreadable::incomplete);
        }
        return true;
    }
    // RFC 9000 7.2: the first destination id has 8 octets at least.
    constexpr std::size_t min_connection_id = 8;
    if (packet.payload.size() < quic::Hello::min_datagram ||
        (packet.payload.front() & fixed_bit) == 0 ||
        header->destination_connection_id.size() < min_connection_id ||
        header->destination_connection_id.size() > quic::ConnectionId::max_size)
        return false;
    attempt_ = std::make_unique<Attempt>(
        Attempt{.version = header->version,
                .direction = packet.direction,
                .source = quic::ConnectionId(header->source_connection_id)});
    return true;
}

bool DatagramInspector::reads_google_quic(const Packet& packet, std::uint32_t number,
                                          Findings& findings) {
    const auto name = gquic::server_name(packet.payload);
    if (!name)
        return false;
    client_ = packet.direction;
    findings.application = Application::quic;
    findings.accept_name(*name, EvidenceKind::quic_sni, number, ParserError::tls_bad_name);
    return true;
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

void DatagramInspector::read_call(const Packet& packet, std::uint32_t number, Findings& findings,
                                  Workspace& workspace) {
    const Bytes payload = packet.payload;
    if (const auto message = stun::parse(payload)) {
        call_.note(*message);
        note_stun(*message, packet.direction == first_, number, findings);
        if (!findings.realm.empty() && !findings.realm_by_client)
            findings.end(Ending::nothing_more);
        return;
    }
    call_.note(payload, packet.direction);
    findings.webrtc = call_.is_webrtc();
    if (findings.application == Application::unknown && is_media(payload))
        findings.application = Application::media;
    const SignatureEvidence found = datagram_signatures(payload);
    const Signatures fresh = found.seen & ~findings.signatures;
    for (std::size_t i = 0; i < fresh.size(); ++i)
        if (fresh.test(i))
            findings.add_evidence(EvidenceKind::media, std::string(signature_names[i]), number);
    findings.note(found);
    if (packet.direction != first_)
        read_certificate(packet, number, findings, workspace);
}

// The certificate of who speaks first would be the client's own word.
void DatagramInspector::read_certificate(const Packet& packet, std::uint32_t number,
                                         Findings& findings, Workspace& workspace) {
    if (!dtls::Handshake(packet.payload).next())
        return;
    if (!certificate_)
        certificate_ = std::make_unique<dtls::CertificateReader>();
    if (const auto der = certificate_->feed(packet.payload, workspace.budget))
        findings.accept_certificate(*der, number);
}

}  // namespace octroi
