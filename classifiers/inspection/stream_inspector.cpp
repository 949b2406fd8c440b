#include "classifiers/inspection/stream_inspector.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "classifiers/clear/host.hpp"
#include "classifiers/clear/stun.hpp"
#include "classifiers/dns/dns_message.hpp"
#include "classifiers/inspection/stun_findings.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "classifiers/tls/client_hello.hpp"
#include "classifiers/tls/ja4.hpp"
#include "classifiers/tls/tls_server_flight.hpp"

namespace octroi {
namespace {

// A ClientHello fits in 64 KiB; the rest is room for retransmissions of every octet of it.
constexpr std::uint64_t octet_quota = 4 * TcpStream::capacity;
// Data from a direction that cannot be judged by itself (no SYN seen): how long to wait for the
// other.
constexpr std::uint32_t one_sided_payloads = 8;
// A TLS server says nothing before the ClientHello is complete.
constexpr std::uint32_t early_server_payloads = 16;
// Where the client speaks a protocol that may turn to TLS, it answers each command before.
constexpr std::uint32_t answers_to_commands = 256;
// Data so far behind a stream's first octet is not its client's; inspection ends much earlier.
constexpr std::int32_t farthest = 1 << 24;
// What the shortest recognisable start of a clear protocol needs: a STUN header with its cookie,
// behind the 2 octets of RFC 4571 framing.
constexpr std::size_t shortest_start = 10;

std::string text_of(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}

// RFC 9293 3.10.7.4: a segment without ACK is dropped, and so is what a reset carries.
bool carries_data(const Packet& packet) {
    return !packet.payload.empty() && !packet.tcp.rst && (packet.tcp.ack || packet.tcp.syn);
}

// RFC 6066 3: literal addresses are not permitted in host_name; some clients send them all the
// same, with a port or in brackets too.
bool is_address(Bytes name) {
    return parse_address(as_text(name)) || parse_address(as_text(host_of(name)));
}

// An IPv6 literal has no form of a name; an IPv4 one has, and is shown as one.
bool is_v6_literal(Bytes host) {
    return std::ranges::find(host, std::uint8_t{':'}) != host.end() && is_address(host);
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
        midstream_ = !packet.tcp.syn && !forgotten_;
    if (note(packet))
        findings = Findings();
    note_urgent(packet);
    if (!carries_data(packet))
        return;
    if (forgotten_ && is_keep_alive(packet))
        return;
    octets_ += packet.payload.size();
    Half& sender = half(packet.direction);
    ++sender.payloads;
    if (reads_dns(packet, findings))
        return;
    const bool from_server = client_ && !from_client(packet);
    if (from_server)
        note_reply(packet, findings);
    else
        note_sent(packet, findings);
    const Segment segment = from_server ? segment_of(packet) : not_taken_yet(packet);
    const bool tells = !sender.finished && (!from_server || awaits_certificate_);
    if (findings.open() && tells && !segment.octets.empty()) {
        const Look look{.half = sender,
                        .direction = packet.direction,
                        .number = number,
                        .findings = findings,
                        .workspace = workspace};
        read(look, segment);
    }
    if (findings.open())
        check_quota(findings);
    if (forgotten_)
        doubt_forgotten(packet, findings);
    note_read(packet, findings, workspace);
}

// Of a connection whose numbers are forgotten: one octet of garbage, sent before (RFC
// 1122 4.2.3.6).
bool StreamInspector::is_keep_alive(const Packet& packet) const {
    return !half(packet.direction).stream.started() && packet.payload.size() == 1;
}

// Where the client's stream began is not known any more: what does not read as the start of a
// request may be the rest of one.
void StreamInspector::doubt_forgotten(const Packet& packet, Findings& findings) {
    const TcpStream& stream = half(packet.direction).stream;
    if (from_client_side(packet.direction) && stream.started() &&
        sequence_distance(packet.tcp.sequence, stream.first_sequence()) < 0)
        findings.ending = Ending::ambiguous;
    const bool tells_nothing = findings.application == Application::unknown &&
                               findings.signatures.none() && findings.realm.empty();
    if (findings.ending != Ending::nothing_more || !tells_nothing)
        return;
    findings.ending = Ending::open;
    findings.give_up(Unreadable::forgotten);
}

bool StreamInspector::confirm(const Packet& packet, Findings& findings) {
    if (note(packet)) {
        findings = Findings();
        return true;
    }
    if (packet.tcp.urgent != 0 && from_client(packet) && !was_taken())
        findings.ending = Ending::ambiguous;
    else if (carries_data(packet) && from_client(packet))
        note_sent(packet, findings);
    findings.answered = findings.answered || was_taken();
    return false;
}

bool StreamInspector::wants_acknowledgements(const Findings& findings) const {
    if (!confirmed_ && (reused_ports_ || firsts_.disputed() || syn_octets_ > 0))
        return true;
    if (!findings.open())
        return awaits_answer(findings);
    // An idle connection of a protocol that nobody knows may keep itself alive by an octet of
    // garbage (RFC 1122 4.2.3.6): only what was acknowledged tells that from an octet sent twice.
    return sent_ > 0 && findings.application == Application::unknown && !was_taken();
}

// RFC 7766: the queries and answers are read packet by packet where they are used.
// Where the side's stream begins, and not where some later segment does.
bool StreamInspector::reads_dns(const Packet& packet, Findings& findings) {
    const TcpStream& stream = half(packet.direction).stream;
    if (stream.started() && sequence_distance(packet.tcp.sequence, stream.first_sequence()) != 0)
        return false;
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
        each.stream.forget_octets();
}

// The handshake and the acknowledgements of a packet. True where they show that the server took
// another stream than the one that was read.
bool StreamInspector::note(const Packet& packet) {
    if (packet.tcp.rst)
        return false;
    if (packet.tcp.syn && !packet.tcp.ack)
        return note_syn(packet);
    if (packet.tcp.syn)
        return note_syn_ack(packet);
    if (packet.tcp.ack && client_ && !from_client(packet))
        note_acknowledged(packet);
    return false;
}

// RFC 9293 3.5: data starts one after the SYN's own sequence number. What came before a client's
// first SYN was no part of its connection. Of two SYNs the first names the client: the other one
// comes from another connection, or from a server that opens at the same time.
bool StreamInspector::note_syn(const Packet& packet) {
    const bool first_syn = !opening_;
    const bool anything = first_syn && (relied_ > 0 || octets_ > 0);
    if (first_syn) {
        const bool reused = reused_ports_;
        *this = StreamInspector();
        reused_ports_ = reused;
        client_ = packet.direction;
    }
    midstream_ = false;
    if (!from_client(packet))
        return false;
    const tcp::Options options = tcp::read_options(packet.segment);
    opening_ = Opening{.hop_limit = packet.hop_limit,
                       .signed_segments = options.signed_segment,
                       .timestamps = options.timestamp.has_value()};
    newest_timestamp_ = options.timestamp;
    note_interface(packet);
    const std::uint32_t first = packet.tcp.sequence + 1;
    firsts_.add(first);
    TcpStream& stream = half(packet.direction).stream;
    if (!stream.started())
        stream.start(first);
    else if (stream.first_sequence() != first)
        confirmed_ = false;
    return anything;
}

// What the server acknowledges is what it took: its SYN-ACK outweighs every SYN, which might be a
// decoy that never reached it. Of data in a SYN it may take a part, or nothing (RFC 7413 4.2).
bool StreamInspector::note_syn_ack(const Packet& packet) {
    if (from_client(packet))
        return false;  // of two that open at once (RFC 9293 3.5), or a decoy
    if (comes_from_client_side(packet))
        return false;
    midstream_ = false;
    client_ = opposite(packet.direction);
    Half& client = clients_half();
    const std::uint32_t acknowledged = packet.tcp.acknowledgement;
    half(packet.direction).stream.start(packet.tcp.sequence + 1);
    const bool first_seen = !std::exchange(confirmed_, true);
    if (!client.stream.started()) {
        client.stream.start(acknowledged);
        firsts_.settle(acknowledged);
        return false;
    }
    const std::int32_t distance = sequence_distance(acknowledged, client.stream.first_sequence());
    const bool within = distance >= 0 && static_cast<std::uint32_t>(distance) <= sent_;
    const bool of_another =
        distance != 0 && std::ranges::find(firsts_.all(), acknowledged) != firsts_.all().end();
    if (!within || of_another) {
        const bool anything = relied_ > 0 || sent_ > 0;
        begin_anew(acknowledged);
        return anything;
    }
    firsts_.settle(client.stream.first_sequence());
    note_acknowledged(packet);
    const auto taken = static_cast<std::uint32_t>(distance);
    if (!first_seen || syn_octets_ == 0 || taken >= sent_ || sent_ > syn_octets_)
        return false;
    keep_first(taken);
    return true;
}

// Nothing was read of the client's stream, which begins there.
void StreamInspector::begin_anew(std::uint32_t first) {
    clients_half() = Half();
    clients_half().stream.start(first);
    firsts_.settle(first);
    taken_.reset();
    keep_first(0);
}

// Of the client's stream the server has so many octets.
void StreamInspector::keep_first(std::uint32_t octets) {
    Half& client = clients_half();
    client.stream.truncate(octets);
    client.finished = false;
    client.needed = 0;
    client.begun = false;
    client.progress = RequestProgress();
    sent_ = octets;
    relied_ = 0;
    syn_octets_ = 0;
    awaits_certificate_ = false;
}

// An acknowledgement of what the client did not send is not its server's.
void StreamInspector::note_acknowledged(const Packet& packet) {
    const TcpStream& stream = clients_half().stream;
    if (!stream.started() || comes_from_client_side(packet))
        return;
    const std::int32_t distance =
        sequence_distance(packet.tcp.acknowledgement, stream.first_sequence());
    const std::uint32_t fin = 1;
    if (distance < 0 || static_cast<std::uint32_t>(distance) > sent_ + fin)
        return;
    const std::uint32_t acknowledged = packet.tcp.acknowledgement;
    if (!taken_ || sequence_distance(acknowledged, *taken_) > 0)
        taken_ = acknowledged;
}

// What the client sends: where its stream begins, whether a receiver takes it, whether it was sent
// before with another content.
void StreamInspector::note_sent(const Packet& packet, Findings& findings) {
    if (reused_ports_ && !confirmed_ && from_client(packet)) {
        findings.ending = Ending::ambiguous;
        return;
    }
    findings.doubtful = is_doubtful(packet) || findings.doubtful;
    if (!client_)
        return;
    const Segment segment = not_taken_yet(packet);
    if (firsts_.disputed())
        choose_first(segment.sequence);
    if (contradicts(segment)) {
        findings.ending = Ending::ambiguous;
        return;
    }
    note_end(segment);
    if (packet.tcp.syn)
        syn_octets_ = std::max(syn_octets_, sent_);
}

// Its receiver heeds the urgent pointer of an empty segment, too (RFC 9293 3.10.7.4).
void StreamInspector::note_urgent(const Packet& packet) {
    const bool heeded = packet.tcp.urgent != 0 && !packet.tcp.rst && packet.tcp.ack;
    if (heeded && from_client_side(packet.direction))
        urgent_.add(packet.tcp.sequence + packet.tcp.urgent - 1);
}

// How far the client's stream was seen to go.
void StreamInspector::note_end(const Segment& segment) {
    TcpStream& stream = clients_half().stream;
    if (!stream.started())
        stream.start(segment.sequence);
    const std::uint32_t end = segment.sequence + static_cast<std::uint32_t>(segment.octets.size());
    const std::int32_t distance = sequence_distance(end, stream.first_sequence());
    if (distance > 0 && distance < farthest)
        sent_ = std::max(sent_, static_cast<std::uint32_t>(distance));
}

// Of several SYNs the one counts, until the server's answer, behind which the data begins.
void StreamInspector::choose_first(std::uint32_t sequence) {
    TcpStream& stream = clients_half().stream;
    if (!stream.contiguous().empty() || relied_ > 0)
        return;
    for (const std::uint32_t first : firsts_.all()) {
        const std::int32_t distance = sequence_distance(sequence, first);
        const std::int32_t chosen = sequence_distance(sequence, stream.first_sequence());
        if (distance >= 0 && (chosen < 0 || distance < chosen))
            stream.start(first);
    }
}

// Octets that were sent with other values, or behind another SYN than those that were read.
bool StreamInspector::contradicts(const Segment& segment) {
    Half& sender = clients_half();
    if (!sender.stream.started())
        return false;
    if ((sender.finished || relied_ > 0) &&
        sender.stream.contradicts(segment.sequence, segment.octets))
        return true;
    if (!firsts_.disputed() || sent_ == 0 || segment.octets.empty())
        return false;
    return std::ranges::any_of(firsts_.all(), [&](std::uint32_t first) {
        const std::int32_t distance = sequence_distance(segment.sequence, first);
        const std::int32_t chosen =
            sequence_distance(segment.sequence, sender.stream.first_sequence());
        return distance >= 0 && (chosen < 0 || distance < chosen);
    });
}

// What a receiver drops, or not, by what it is: a decoy may be made so that octroi reads it and the
// server does not. Octets in a SYN wait for the server's word (RFC 7413 4.2). A signature without a
// key (RFC 2385 2), a time before the last one (RFC 7323 5), urgent octets (RFC 6093), another time
// to live than the SYN's.
bool StreamInspector::is_doubtful(const Packet& packet) {
    if (packet.tcp.syn || packet.tcp.urgent != 0 || firsts_.disputed() || forgotten_)
        return true;
    if (!opening_)
        return false;
    const tcp::Options options = tcp::read_options(packet.segment);
    const bool late = options.timestamp && newest_timestamp_ &&
                      sequence_distance(*options.timestamp, *newest_timestamp_) < 0;
    if (options.timestamp && !late)
        newest_timestamp_ = options.timestamp;
    return late || options.signed_segment != opening_->signed_segments ||
           options.timestamp.has_value() != opening_->timestamps ||
           packet.hop_limit != opening_->hop_limit;
}

StreamInspector::Segment StreamInspector::segment_of(const Packet& packet) {
    return {.sequence = packet.tcp.sequence + (packet.tcp.syn ? 1U : 0U), .octets = packet.payload};
}

// What the server has acknowledged it takes from nobody any more (RFC 9293 3.10.7.4).
StreamInspector::Segment StreamInspector::not_taken_yet(const Packet& packet) const {
    Segment segment = segment_of(packet);
    if (!taken_)
        return segment;
    const std::int32_t late = sequence_distance(*taken_, segment.sequence);
    if (late <= 0)
        return segment;
    const std::size_t old =
        std::min<std::size_t>(static_cast<std::uint32_t>(late), segment.octets.size());
    return {.sequence = segment.sequence + static_cast<std::uint32_t>(old),
            .octets = segment.octets.subspan(old)};
}

bool StreamInspector::was_taken() const {
    if (!client_ || !taken_)
        return false;
    const std::uint32_t wanted = relied_ > 0 ? relied_ : sent_;
    return sequence_distance(*taken_, clients_half().stream.first_sequence() + wanted) >= 0;
}

void StreamInspector::note_interface(const Packet& packet) {
    if (packet.context.input_interface != packet.context.output_interface)
        client_interface_ = packet.context.input_interface;
}

// A server's packet does not come in where the client's come in.
bool StreamInspector::comes_from_client_side(const Packet& packet) const {
    return client_interface_ != 0 && packet.context.input_interface == client_interface_;
}

// A server that begins its half of a TLS handshake has read a ClientHello to its end.
void StreamInspector::note_reply(const Packet& packet, Findings& findings) {
    const Half& client = clients_half();
    const bool incomplete = client.begun && findings.application == Application::tls;
    if (incomplete && tls::starts_with_server_hello(packet.payload))
        findings.give_up(Unreadable::incomplete);
}

// After a look that ended the inspection: what the server must acknowledge.
void StreamInspector::note_read(const Packet& packet, Findings& findings,
                                const Workspace& workspace) {
    if (findings.open())
        return;
    if (client_ && from_client(packet))
        note_end(segment_of(packet));
    relied_ = sent_;
    const bool needed = workspace.keep_read || findings.doubtful;
    for (Half& each : halves_)
        if (!needed || &each != &half(client_.value_or(packet.direction)))
            each.stream.forget_octets();
    findings.answered = findings.answered || was_taken();
}

void StreamInspector::read(const Look& look, const Segment& segment) {
    TcpStream& stream = look.half.stream;
    if (!stream.started())
        stream.start(segment.sequence);
    // The common case, a whole ClientHello in the first segment, is read where it lies.
    if (stream.begins_with(segment.sequence) && urgent_.empty()) {
        examine(look, segment.octets);
        if (!look.findings.open() || look.half.finished)
            return keep(look, segment);
    }
    switch (stream.insert(segment.sequence, segment.octets, look.workspace.budget)) {
        case TcpStream::Result::conflict:
            return look.findings.end(Ending::ambiguous);
        case TcpStream::Result::no_memory:
            return give_up(look.findings, Unreadable::no_memory, Ending::no_memory);
        case TcpStream::Result::unchanged:
            return;
        case TcpStream::Result::advanced:
            if (stream.contiguous().size() >= look.half.needed)
                examine_taken(look);
    }
}

// A server whose program reads urgent octets apart has a stream without them, as is usual; one
// that reads them in line has another, and of several pointers a receiver heeds some. A name that
// depends on it may refuse, not permit.
void StreamInspector::examine_taken(const Look& look) {
    const TcpStream& stream = look.half.stream;
    if (urgent_.empty() || !from_client_side(look.direction))
        return examine(look, stream.contiguous());
    std::vector<std::uint8_t>& taken = look.workspace.without_urgent;
    taken.assign(stream.contiguous().begin(), stream.contiguous().end());
    urgent_.remove_from(taken, stream.first_sequence());
    examine_anew(look, taken);
    if (look.half.finished && look.findings.server_name.empty())
        examine_anew(look, stream.contiguous());
    look.half.needed = 0;
    if (!look.half.finished && look.findings.open())
        return;
    // Both readings of one pointer tell nothing: there is nothing to tell.
    const bool nothing = look.findings.application == Application::unknown && !urgent_.several();
    if (nothing || look.findings.ending == Ending::unreadable)
        return;
    look.findings.ending = Ending::open;
    look.findings.give_up(Unreadable::urgent);
}

void StreamInspector::examine_anew(const Look& look, Bytes stream) {
    look.half.progress = RequestProgress();
    look.half.finished = false;
    look.findings.ending = Ending::open;
    examine(look, stream);
    look.half.finished = look.half.finished || !look.findings.open();
}

// What began as something that has a name is unreadable; else nothing says that there is one.
void StreamInspector::give_up(Findings& findings, Unreadable why, Ending otherwise) const {
    const bool began = std::ranges::any_of(halves_, [&](const Half& each) {
        return each.begun && !each.finished && from_client_side(direction_of(each));
    });
    if (began)
        return findings.give_up(why);
    findings.end(otherwise);
}

// What was read where it lay, so that it can be found contradicted.
void StreamInspector::keep(const Look& look, const Segment& segment) {
    if (from_client_side(look.direction) && (look.workspace.keep_read || look.findings.doubtful))
        std::ignore =
            look.half.stream.insert(segment.sequence, segment.octets, look.workspace.budget);
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
    const ClientRequest request =
        read_client_request(stream, look.half.progress, look.workspace.scratch);
    if (request.application != Application::unknown)
        look.findings.application = request.application;
    look.findings.proxied_address = look.half.progress.address;
    look.findings.proxied_port = look.half.progress.port;
    look.half.needed = request.needed;
    look.half.begun = request.begun;
    switch (request.kind) {
        case ClientRequest::Kind::incomplete:
            return;
        case ClientRequest::Kind::hello:
            return accept_client_hello(look, request.octets);
        case ClientRequest::Kind::old_hello:
            return await_certificate(look);
        case ClientRequest::Kind::host:
            return accept_host(look, request.octets);
        case ClientRequest::Kind::nobody:
            return finish(look);
        case ClientRequest::Kind::unreadable:
            client_ = look.direction;
            look.findings.error = request.error;
            return look.findings.give_up(request.why);
        case ClientRequest::Kind::foreign:
            return examine_clear(look, request.octets);
    }
}

// Everything else that starts without encryption: TURN over TCP, WhatsApp's Noise prologue.
void StreamInspector::examine_clear(const Look& look, Bytes stream) {
    look.half.needed = look.half.progress.inner + stream.size() + 1;
    if (stream.size() < shortest_start)
        return;
    if (const auto framed = stun::stream_message_size(stream))
        return stream.size() < *framed ? void() : accept_turn(look, stream.first(*framed));
    if (stun::stream_message_size(
            stream.subspan(2)))  // RFC 4571 2: length first, as ICE over TCP has it
        look.findings.application = Application::stun;
    look.findings.note(stream_signatures(stream));
    finish(look);
}

void StreamInspector::accept_host(const Look& look, Bytes host) {
    client_ = look.direction;
    if (is_v6_literal(host)) {
        look.findings.server_address = text_of(host);
        return finish(look);
    }
    look.findings.accept_name(host, EvidenceKind::http_host, look.number,
                              ParserError::http_bad_host);
}

void StreamInspector::accept_client_hello(const Look& look, Bytes message) {
    const auto hello = tls::parse_client_hello(message);
    client_ = look.direction;
    if (!hello) {
        look.findings.error = ParserError::tls_malformed;
        return look.findings.give_up(Unreadable::malformed);
    }
    look.findings.accept_hello(*hello, tls::Carrier::tcp);
    if (is_address(hello->server_name))
        look.findings.server_address = text_of(hello->server_name);
    else if (!hello->server_name.empty())
        return look.findings.accept_name(hello->server_name, EvidenceKind::tls_sni, look.number,
                                         ParserError::tls_bad_name);
    await_certificate(look);
}

// The client names nobody: the server may say who it is.
void StreamInspector::await_certificate(const Look& look) {
    client_ = look.direction;
    look.half.finished = true;
    // Behind what a proxy or a server in clear answered, the server's stream starts anew.
    if (look.half.progress.inner != 0)
        half(opposite(look.direction)) = Half();
    awaits_certificate_ = true;
}

void StreamInspector::examine_server(const Look& look, Bytes stream) {
    client_ = opposite(look.direction);
    if (forgotten_ && !clients_half().finished)
        return look.findings.give_up(Unreadable::forgotten);
    look.half.needed = stream.size() + 1;
    const auto der = tls::server_certificate(stream, look.workspace.scratch);
    look.findings.application = Application::tls;
    if (der)
        return look.findings.accept_certificate(*der, look.number);
    if (der.error() == tls::NoCertificate::none)
        look.findings.end(Ending::nothing_more);
}

void StreamInspector::accept_turn(const Look& look, Bytes message) const {
    if (const auto parsed = stun::parse(message))
        note_stun(*parsed, client_.value_or(look.direction) == look.direction, look.number,
                  look.findings);
    look.findings.end(Ending::nothing_more);
}

// This direction holds no request that octroi can read.
void StreamInspector::finish(const Look& look) {
    look.half.finished = true;
    if (client_ == look.direction || half(opposite(look.direction)).finished)
        look.findings.end(Ending::nothing_more);
}

void StreamInspector::exhaust(Findings& findings) const {
    give_up(findings, Unreadable::quota, Ending::quota);
}

void StreamInspector::check_quota(Findings& findings) {
    if (octets_ > octet_quota)
        return exhaust(findings);
    for (const Direction direction : {Direction::low_to_high, Direction::high_to_low}) {
        const Half& each = half(direction);
        const bool server = client_ == opposite(direction);
        const std::uint32_t early = server && clients_half().progress.commands > 0
                                        ? answers_to_commands
                                        : early_server_payloads;
        if (server && !awaits_certificate_ && each.payloads > early)
            return exhaust(findings);
        const bool nothing = each.finished || !each.begun;
        if (!client_ && nothing && each.payloads >= one_sided_payloads)
            return findings.end(Ending::nothing_more);
    }
}

}  // namespace octroi
