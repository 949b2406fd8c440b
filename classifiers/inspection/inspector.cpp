#include "classifiers/inspection/inspector.hpp"

#include "classifiers/base/overloaded.hpp"
#include "classifiers/inspection/workspace.hpp"

namespace octroi {
namespace {

// nDPI's answer comes at packet 1 to 3 as a rule, at most 8.
constexpr std::uint8_t ndpi_packet_quota = 8;

}  // namespace

void Inspector::inspect(const Packet& packet, std::uint32_t number, Workspace& workspace) {
    findings_.error.reset();
    const bool was_open = open();
    const bool own_parsers_ended = !open() || own_ending_ != Ending::open;
    if (own_parsers_ended && awaits_answer())
        confirm(packet, workspace);
    else if (!own_parsers_ended)
        read(packet, number, workspace);
    if (was_open && (workspace.ask_ndpi_always || findings_.ending == Ending::nothing_more ||
                     own_ending_ != Ending::open || findings_.application == Application::unknown))
        ask_ndpi(packet, workspace);
    keep_bound(packet, workspace);
    if (!open() && !awaits_answer())
        release();
}

// What waits for a server that does not answer could carry anything meanwhile.
void Inspector::keep_bound(const Packet& packet, const Workspace& workspace) {
    const bool waits = awaits_answer();
    if (!open() && !waits)
        return;
    octets_ += packet.payload.size();
    if (workspace.undecided_octets == 0 || octets_ <= workspace.undecided_octets)
        return;
    if (waits) {
        findings_.ending = Ending::open;
        return findings_.give_up(Unreadable::incomplete);
    }
    findings_.end(own_ending_);
    std::visit(
        Overloaded{[](std::monostate) {}, [&](auto& transport) { transport.exhaust(findings_); }},
        transport_);
}

void Inspector::confirm(const Packet& packet, Workspace& workspace) {
    const bool anew = std::visit(
        Overloaded{[](std::monostate) { return false; },
                   [&](StreamInspector& stream) { return stream.confirm(packet, findings_); },
                   [&](DatagramInspector& datagrams) {
                       return datagrams.confirm(packet, findings_, workspace);
                   }},
        transport_);
    if (!anew)
        return;
    own_ending_ = Ending::open;
    ndpi_.reset();
    ndpi_first_.reset();
    ndpi_packets_ = 0;
}

// octroi's own parsers.
void Inspector::read(const Packet& packet, std::uint32_t number, Workspace& workspace) {
    if (std::holds_alternative<std::monostate>(transport_)) {
        if (packet.key.protocol() == Protocol::tcp)
            transport_.emplace<StreamInspector>();
        else if (packet.key.protocol() == Protocol::udp)
            transport_.emplace<DatagramInspector>();
        else
            return findings_.end(Ending::nothing_more);
    }
    std::visit(Overloaded{[](std::monostate) {},
                          [&](auto& transport) {
                              transport.inspect(packet, number, findings_, workspace);
                          }},
               transport_);
}

// nDPI looks at what nobody else knows, and keeps such a flow open for a few packets more.
void Inspector::ask_ndpi(const Packet& packet, Workspace& workspace) {
    const bool own_end = findings_.ending == Ending::nothing_more;
    const bool known = findings_.application != Application::unknown || findings_.signatures.any();
    const bool transport =
        packet.key.protocol() == Protocol::tcp || packet.key.protocol() == Protocol::udp;
    if (!transport)
        return;
    // What octroi knows itself ends when octroi has read it; nDPI looks along if a rule asks for
    // its answer.
    if (known || (!open() && !own_end)) {
        if (workspace.ask_ndpi_always)
            feed_ndpi(packet, workspace);
        return;
    }
    if (own_end) {
        own_ending_ = findings_.ending;
        findings_.ending = Ending::open;
    }
    feed_ndpi(packet, workspace);
    const bool answered = !findings_.ndpi_application.empty();
    if (own_ending_ != Ending::open && (answered || !ndpi_ || ndpi_packets_ >= ndpi_packet_quota)) {
        if (answered)
            findings_.add_evidence(EvidenceKind::ndpi, findings_.ndpi_application, ndpi_packets_);
        findings_.end(own_ending_);
    }
}

void Inspector::feed_ndpi(const Packet& packet, Workspace& workspace) {
    if (packet.payload.empty())
        return;
    ++ndpi_packets_;
    if (!ndpi_)
        ndpi_ = Ndpi::new_flow();
    if (!ndpi_first_)
        ndpi_first_ = packet.direction;
    if (!ndpi_)
        return;
    Ndpi::Guess guess = workspace.ndpi.feed(*ndpi_, packet, packet.direction == *ndpi_first_);
    findings_.ndpi_protocol = std::move(guess.protocol);
    findings_.ndpi_application = std::move(guess.application);
}

void Inspector::release() {
    std::visit(Overloaded{[](std::monostate) {}, [](auto& transport) { transport.release(); }},
               transport_);
    ndpi_.reset();
}

void Inspector::end(Ending ending) {
    findings_.end(ending);
    release();
}

std::optional<Direction> Inspector::client() const {
    return std::visit(Overloaded{[](std::monostate) { return std::optional<Direction>(); },
                                 [](const auto& transport) { return transport.client(); }},
                      transport_);
}

quic::Identity Inspector::connection() const {
    const auto* datagrams = std::get_if<DatagramInspector>(&transport_);
    return datagrams == nullptr ? quic::Identity() : datagrams->connection();
}

bool Inspector::midstream() const {
    const auto* stream = std::get_if<StreamInspector>(&transport_);
    return stream != nullptr && stream->midstream();
}

bool Inspector::awaits_answer() const {
    return std::visit(
        Overloaded{[](std::monostate) { return false; },
                   [&](const auto& transport) { return transport.awaits_answer(findings_); }},
        transport_);
}

bool Inspector::wants_acknowledgements() const {
    return std::visit(
        Overloaded{
            [](std::monostate) { return false; },
            [&](const StreamInspector& stream) { return stream.wants_acknowledgements(findings_); },
            [](const DatagramInspector& datagrams) { return datagrams.disputed(); }},
        transport_);
}

void Inspector::reuse_ports() {
    transport_.emplace<StreamInspector>().reuse_ports();
}

void Inspector::forgotten() {
    transport_.emplace<StreamInspector>().forgotten();
}

void Inspector::resume(const quic::Identity& connection) {
    transport_.emplace<DatagramInspector>().resume(connection);
}

quic::Hello::Beside Inspector::beside(const Packet& packet, Workspace& workspace) const {
    const auto* datagrams = std::get_if<DatagramInspector>(&transport_);
    return datagrams == nullptr ? quic::Hello::Beside::none : datagrams->beside(packet, workspace);
}

void Inspector::begin_anew() {
    auto* datagrams = std::get_if<DatagramInspector>(&transport_);
    if (datagrams == nullptr)
        return;
    DatagramInspector kept = std::move(*datagrams);
    kept.begin_anew();
    *this = Inspector();
    transport_ = std::move(kept);
}

bool Inspector::confirmed() const {
    const auto* stream = std::get_if<StreamInspector>(&transport_);
    return stream != nullptr && stream->confirmed();
}

}  // namespace octroi
