#include "classifiers/inspection/datagram_inspector.hpp"

#include <doctest/doctest.h>

#include "classifiers/inspection/workspace.hpp"
#include "tests/unit/dtls_wire.hpp"
#include "tests/unit/quic_wire.hpp"
#include "tests/unit/stun_wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

// Feeds the datagrams of one flow to an inspector of its own.
struct Flow {
    explicit Flow(std::uint16_t port = 443, std::size_t buffer_limit = 1UL << 20U)
        : server(wire::endpoint("198.51.100.1", port)), workspace(buffer_limit) {}

    void from_client(const Buffer& payload) { datagram(client, server, payload); }

    void from_server(const Buffer& payload) { datagram(server, client, payload); }

    void confirm_from_client(const Buffer& payload) { confirm(client, server, payload); }

    void confirm_from_server(const Buffer& payload) { confirm(server, client, payload); }

    [[nodiscard]] quic::Peers peers() const { return {.client = client.address, .server = server}; }

    [[nodiscard]] Direction to_server() const {
        return client < server ? Direction::low_to_high : Direction::high_to_low;
    }

    [[nodiscard]] bool shows(Signature signature) const {
        return findings.signatures.test(static_cast<std::size_t>(signature));
    }

    Endpoint client = wire::endpoint("10.0.0.1", 50000);
    Endpoint server;
    Workspace workspace;  // outlives the inspector's buffers
    DatagramInspector inspector;
    Findings findings;
    bool began_anew = false;  ///< at the newest packet that was confirmed

  private:
    void datagram(const Endpoint& from, const Endpoint& to, const Buffer& payload) {
        findings.error.reset();
        const Buffer packet = wire::ip(from, to, 17, wire::udp(from.port, to.port, payload));
        inspector.inspect(decode_packet(packet, {}).value(), ++number_, findings, workspace);
    }

    void confirm(const Endpoint& from, const Endpoint& to, const Buffer& payload) {
        const Buffer packet = wire::ip(from, to, 17, wire::udp(from.port, to.port, payload));
        began_anew = inspector.confirm(decode_packet(packet, {}).value(), findings, workspace);
    }

    std::uint32_t number_ = 0;
};

// The server's answer under the keys of the client's first connection id, as far as it is read: the
// start of a ServerHello, which asks for another ClientHello (RFC 8446 4.1.3) or not.
Buffer server_hello(bool asks_again = false, std::size_t offset = 0) {
    return wire::initial(
        {.destination = {},
         .source = wire::text("server's"),
         .keys_from = wire::Initial().destination,
         .from_server = true},
        wire::crypto_frame(offset, wire::Fields()
                                       .u8(2)        // server_hello
                                       .u24(60)      // length
                                       .u16(0x0303)  // version
                                       .bytes(wire::hexadecimal(asks_again ? "cf21ad74e59a6111"
                                                                           : "0102030405060708"))
                                       .fill(50)  // the rest
                                       .take()));
}

Buffer quic_hello(const wire::Hello& hello) {
    return wire::initial({}, wire::crypto_frame(0, wire::client_hello(hello)));
}

// RFC 1035 4.1
Buffer dns_message(std::size_t flags) {
    return wire::Fields()
        .u16(0x1234)                  // identifier
        .u16(flags)                   // flags
        .u16(1)                       // questions
        .fill(6)                      // answers, authority, additional
        .vector8(wire::text("WWW"))   //
        .vector8(wire::text("zoom"))  //
        .vector8(wire::text("us"))    //
        .u8(0)                        //
        .u16(1)                       // A
        .u16(1)                       // internet
        .take();
}

// RFC 3550 5.1
const Buffer rtp = wire::Fields().u8(0x80).u8(98).u16(1).u32(2).u32(3).fill(60, 0x33).take();

// Zoom's audio through a server: its encapsulation, its media encapsulation, RTP.
const Buffer zoom_audio =
    wire::Fields().u8(5).fill(6, 0x22).u8(0).u8(15).fill(18, 0x11).bytes(rtp).take();

}  // namespace

TEST_SUITE("datagram inspector") {
    TEST_CASE("a QUIC ClientHello names the flow and its client") {
        Flow flow;
        flow.from_client(quic_hello({.server_name = "US05web.zoom.us", .alpn = "h3"}));
        CHECK(flow.findings.ending == Ending::named);
        CHECK(flow.findings.server_name == "us05web.zoom.us");
        CHECK(flow.findings.name_kind == EvidenceKind::quic_sni);
        CHECK(flow.findings.application == Application::quic);
        CHECK(flow.findings.alpn == "h3");
        CHECK_FALSE(flow.findings.encrypted_client_hello);
        CHECK(flow.inspector.client() == flow.to_server());
        REQUIRE(flow.findings.evidence.size() == 1);
        CHECK(flow.findings.evidence[0].value == "us05web.zoom.us");
        CHECK(flow.findings.evidence[0].packet == 1);
    }

    TEST_CASE(
        "another client's Initial begins anew; a repeated one and one to the server's id do not") {
        Flow flow;
        const Buffer first = quic_hello({});
        const auto begins_another = [&](Bytes datagram) {
            return quic::Hello::begins_another(flow.peers(), datagram, flow.inspector.connection(),
                                               flow.workspace.quic);
        };
        CHECK(begins_another(first));
        flow.from_client(first);
        CHECK_FALSE(begins_another(first));
        const Buffer ack = wire::ack_frame(3);
        CHECK_FALSE(
            begins_another(wire::initial({.destination = wire::text("server's"),
                                          .number = 1,
                                          .keys_from = wire::hexadecimal("8394c8f03e515708")},
                                         ack)));
        CHECK_FALSE(begins_another(Buffer(1200, 0xc0)));
        CHECK_FALSE(begins_another({}));
        CHECK(begins_another(wire::initial({.destination = wire::text("another!")},
                                           wire::crypto_frame(0, wire::client_hello({})))));
    }

    TEST_CASE("the first Initial tells that the flow is QUIC, before the name is there") {
        const Buffer message = wire::client_hello({.encrypted_client_hello = true});
        Flow flow;
        flow.from_client(
            wire::initial({.number = 0}, wire::crypto_frame(0, Bytes(message).first(100))));
        CHECK(flow.findings.application == Application::quic);
        CHECK(flow.inspector.client() == flow.to_server());
        CHECK(flow.findings.open());
        flow.from_client(
            wire::initial({.number = 1}, wire::crypto_frame(100, Bytes(message).subspan(100))));
        CHECK(flow.findings.server_name == "us05web.zoom.us");
        CHECK(flow.findings.encrypted_client_hello);
        CHECK(flow.findings.evidence.at(0).packet == 2);
    }

    TEST_CASE("a QUIC ClientHello without a name ends the inspection") {
        Flow flow;
        flow.from_client(quic_hello({.server_name = "", .alpn = "h3"}));
        CHECK(flow.findings.ending == Ending::nothing_more);
        CHECK(flow.findings.application == Application::quic);
        CHECK(flow.findings.alpn == "h3");
    }

    TEST_CASE("a name that is no host name, and a broken message, are errors of the parser") {
        Flow bad_name;
        bad_name.from_client(quic_hello({.server_name = "zoom us"}));
        CHECK(bad_name.findings.error == ParserError::tls_bad_name);
        CHECK(bad_name.findings.server_name.empty());
        Flow broken;
        const Buffer message = wire::Fields().u8(1).vector24(Buffer(10, 3)).take();
        broken.from_client(wire::initial({}, wire::crypto_frame(0, message)));
        CHECK(broken.findings.error == ParserError::quic_malformed);
        Flow no_such_frame;
        no_such_frame.from_client(wire::initial({}, Buffer{0x08}));
        CHECK(no_such_frame.findings.error == ParserError::quic_malformed);
        CHECK(no_such_frame.findings.ending == Ending::unreadable);
        CHECK(no_such_frame.findings.unreadable == Unreadable::malformed);
        CHECK(broken.findings.unreadable == Unreadable::malformed);
    }

    TEST_CASE("two values for one octet are ambiguous, and no memory says so") {
        Flow ambiguous;
        ambiguous.from_client(
            wire::initial({.number = 0}, wire::crypto_frame(10, Buffer{1, 2, 3})));
        ambiguous.from_client(wire::initial({.number = 1}, wire::crypto_frame(12, Buffer{4})));
        CHECK(ambiguous.findings.ending == Ending::ambiguous);
        Flow full(443, 100);
        full.from_client(wire::initial({}, wire::crypto_frame(10, Buffer{1, 2, 3})));
        CHECK(full.findings.ending == Ending::no_memory);
    }

    TEST_CASE("the buffers go back when they are released") {
        Flow flow;
        flow.from_client(wire::initial({}, wire::crypto_frame(10, Buffer{1, 2, 3})));
        CHECK(flow.workspace.budget.used() > 0);
        flow.inspector.release();
        CHECK(flow.workspace.budget.used() == 0);
    }

    TEST_CASE("the server's datagrams are not taken for the client's") {
        Flow flow;
        flow.from_client(wire::initial({}, wire::crypto_frame(10, Buffer{1, 2, 3})));
        flow.from_server(quic_hello({.server_name = "visio.numerique.gouv.fr"}));
        CHECK(flow.findings.open());
        CHECK(flow.findings.server_name.empty());
    }

    TEST_CASE("a DNS query tells its name and who is the client") {
        Flow flow(53);
        flow.from_client(dns_message(0x0100));
        CHECK(flow.findings.application == Application::dns);
        CHECK(flow.inspector.client() == flow.to_server());
        REQUIRE(flow.findings.evidence.size() == 1);
        CHECK(flow.findings.evidence[0].kind == EvidenceKind::dns);
        CHECK(flow.findings.evidence[0].value == "www.zoom.us");
        CHECK_FALSE(flow.findings.open());
        CHECK(flow.findings.server_name.empty());  // a question is no flow to the name
    }

    TEST_CASE("a DNS response seen first tells the client too") {
        Flow flow(53);
        flow.from_server(dns_message(0x8180));
        CHECK(flow.findings.application == Application::dns);
        CHECK(flow.inspector.client() == flow.to_server());
    }

    TEST_CASE("a broken question is an error of the parser") {
        Buffer query = dns_message(0x0100);
        query.resize(20);
        Flow flow(53);
        flow.from_client(query);
        CHECK(flow.findings.error == ParserError::dns_malformed);
        CHECK(flow.findings.evidence.empty());
    }

    TEST_CASE("a TURN realm ends the inspection; a STUN message without one does not") {
        Flow flow(3478);
        flow.from_client(stun_wire::message(0x0003, 0x8022, wire::text("soft")));
        CHECK(flow.findings.application == Application::stun);
        CHECK(flow.findings.open());
        flow.from_server(stun_wire::message(0x0113, 0x0014, wire::text("turn.example")));
        CHECK(flow.findings.realm == "turn.example");
        CHECK_FALSE(flow.findings.open());
    }

    TEST_CASE("a vendor's framing is evidence once") {
        Flow flow(8801);
        flow.from_client(zoom_audio);
        flow.from_server(zoom_audio);
        CHECK(flow.shows(Signature::zoom_sfu));
        REQUIRE(flow.findings.evidence.size() == 1);
        CHECK(flow.findings.evidence[0].kind == EvidenceKind::media);
        CHECK(flow.findings.evidence[0].value == "zoom-sfu");
    }

    TEST_CASE("plain media is media of nobody") {
        Flow flow(40000);
        flow.from_client(rtp);
        CHECK(flow.findings.application == Application::media);
        CHECK(flow.findings.signatures.none());
        CHECK(flow.findings.evidence.empty());
    }

    TEST_CASE("ICE's checks and a DTLS handshake of both sides are a call by WebRTC") {
        const Buffer check = stun_wire::check();
        const Buffer hello = dtls_wire::whole(dtls_wire::client_hello, Buffer(80, 1));
        const Buffer answer = dtls_wire::whole(dtls_wire::server_hello, Buffer(80, 1));
        Flow call(40000);
        call.from_client(check);
        call.from_client(hello);
        CHECK_FALSE(call.findings.webrtc);
        call.from_server(answer);
        CHECK(call.findings.webrtc);
        Flow without_ice(40000);
        without_ice.from_client(stun_wire::message(0x0001, 0x8022, wire::text("soft")));
        without_ice.from_client(hello);
        without_ice.from_server(answer);
        CHECK_FALSE(without_ice.findings.webrtc);
    }

    TEST_CASE("a handshake behind many checks is waited for, until media comes") {
        const Buffer check = stun_wire::check();
        Flow call(40000);
        for (int i = 0; i < 20; ++i)
            call.from_client(check);
        CHECK(call.findings.open());
        call.from_client(rtp);
        CHECK(call.findings.ending == Ending::nothing_more);
        Flow silent(40000);
        for (int i = 0; i < 32; ++i)
            silent.from_client(check);
        CHECK(silent.findings.ending == Ending::nothing_more);
    }

    TEST_CASE("the certificate of who did not speak first ends the inspection") {
        using namespace dtls_wire;
        const Buffer hello = whole(client_hello, Buffer(80, 1));
        const Buffer answer = whole(certificate, certificate_list(Buffer(90, 0xce)));
        Flow flow(5684);
        flow.from_client(hello);
        flow.from_server(answer);
        CHECK(flow.findings.ending == Ending::nothing_more);
        CHECK(flow.findings.error == ParserError::certificate_malformed);  // it was looked at
        Flow own_word(5684);
        own_word.from_client(hello);
        own_word.from_client(answer);
        CHECK(own_word.findings.open());
        own_word.inspector.release();
        CHECK(own_word.workspace.budget.used() == 0);
    }

    TEST_CASE("a flow that says nothing known ends after some datagrams with payload") {
        Flow flow(40000);
        for (int i = 0; i < 100; ++i)
            flow.from_client({});
        CHECK(flow.findings.open());
        int datagrams = 0;
        for (; datagrams < 100 && flow.findings.open(); ++datagrams)
            flow.from_client(wire::text("nothing that anybody knows"));
        CHECK(flow.findings.ending == Ending::nothing_more);
        CHECK(datagrams > 2);
    }

    TEST_CASE("a QUIC connection may take more datagrams than an unknown flow") {
        const Buffer message = wire::client_hello({});
        Flow flow;
        for (std::uint32_t i = 0; i < 20; ++i)
            flow.from_client(
                wire::initial({.number = i}, wire::crypto_frame(i, Bytes(message).subspan(i, 1))));
        CHECK(flow.findings.open());
        flow.from_client(
            wire::initial({.number = 20}, wire::crypto_frame(20, Bytes(message).subspan(20))));
        CHECK(flow.findings.server_name == "us05web.zoom.us");
    }
}

TEST_SUITE("datagram inspector after the ClientHello") {
    const std::string visio = "visio.numerique.gouv.fr";
    const std::string zoom = "us05web.zoom.us";

    TEST_CASE("the server's answer under the connection's keys takes it") {
        Flow flow;
        flow.from_client(quic_hello({.server_name = visio}));
        CHECK_FALSE(flow.findings.answered);
        flow.confirm_from_client(quic_hello({.server_name = visio}));  // sent again
        flow.confirm_from_server(wire::retry_packet({}));
        flow.confirm_from_server(wire::opaque_packet(2, {}));
        CHECK_FALSE(flow.findings.answered);
        flow.confirm_from_server(server_hello());
        CHECK(flow.findings.answered);
        CHECK(flow.findings.ending == Ending::named);
        CHECK(flow.findings.server_name == visio);
        CHECK(flow.findings.evidence.size() == 1);
    }

    TEST_CASE("another ClientHello of the same connection is ambiguous") {
        Flow flow;
        flow.from_client(quic_hello({.server_name = visio}));
        flow.confirm_from_client(quic_hello({.server_name = zoom}));
        CHECK(flow.findings.ending == Ending::ambiguous);
        flow.confirm_from_server(server_hello());
        CHECK(flow.findings.ending == Ending::ambiguous);
    }

    TEST_CASE("one octet of another ClientHello of the same connection is ambiguous") {
        Flow flow;
        flow.from_client(quic_hello({.server_name = visio}));
        flow.confirm_from_client(wire::initial({.number = 1}, wire::crypto_frame(7, Buffer{0xee})));
        CHECK(flow.findings.ending == Ending::ambiguous);
    }

    TEST_CASE("the name of another connection counts in the stead of the first") {
        Flow flow;
        flow.from_client(quic_hello({.server_name = visio}));
        flow.confirm_from_client(
            wire::initial({.destination = wire::text("another!")},
                          wire::crypto_frame(0, wire::client_hello({.server_name = zoom}))));
        CHECK(flow.findings.ending == Ending::named);
        CHECK(flow.findings.server_name == zoom);
        flow.confirm_from_server(server_hello());  // to the first
        CHECK_FALSE(flow.findings.answered);
    }

    TEST_CASE("a server that asks again: the name of the second ClientHello counts") {
        const Buffer first = wire::client_hello({.server_name = visio});
        const wire::Initial again{.destination = wire::text("server's"),
                                  .number = 1,
                                  .keys_from = wire::Initial().destination};
        Flow flow;
        flow.from_client(wire::initial({}, wire::crypto_frame(0, first)));
        flow.confirm_from_server(server_hello(true));
        CHECK_FALSE(flow.findings.answered);
        flow.confirm_from_client(wire::initial(
            again, wire::crypto_frame(first.size(), wire::client_hello({.server_name = zoom}))));
        CHECK(flow.findings.server_name == zoom);
        flow.confirm_from_server(server_hello(false, 64));
        CHECK(flow.findings.answered);
    }

    TEST_CASE("a server's answer to a second ClientHello does not answer the first") {
        const Buffer first = wire::client_hello({.server_name = visio});
        Flow flow;
        flow.from_client(wire::initial({}, wire::crypto_frame(0, first)));
        flow.confirm_from_server(server_hello(true));
        flow.confirm_from_server(server_hello(false, 64));
        CHECK_FALSE(flow.findings.answered);
    }

    TEST_CASE("a ClientHello without a name may be followed by one with a name") {
        const Buffer first = wire::client_hello({.server_name = ""});
        Flow flow;
        flow.from_client(wire::initial({}, wire::crypto_frame(0, first)));
        CHECK(flow.findings.ending == Ending::nothing_more);
        flow.confirm_from_client(wire::initial(
            {.number = 1},
            wire::crypto_frame(first.size(), wire::client_hello({.server_name = zoom}))));
        CHECK(flow.findings.ending == Ending::named);
        CHECK(flow.findings.server_name == zoom);
    }

    // As zapret sends it before a call.
    TEST_CASE("what no server answered is forgotten where something else than QUIC follows") {
        Flow flow(8801);
        flow.from_client(quic_hello({.server_name = visio}));
        CHECK(flow.inspector.awaits_answer(flow.findings));
        flow.confirm_from_client(rtp);
        CHECK(flow.began_anew);
        CHECK(flow.findings.open());
        CHECK(flow.findings.server_name.empty());
        CHECK(flow.findings.application == Application::media);
        for (int i = 0; i < 6; ++i)
            flow.from_client(rtp);
        CHECK(flow.findings.ending == Ending::nothing_more);
    }

    TEST_CASE("decoys between datagrams of something else keep no flow open for good") {
        Flow flow(8801);
        int datagrams = 0;
        while (flow.findings.open() && datagrams < 64) {
            flow.from_client(quic_hello({.server_name = visio}));
            flow.confirm_from_client(rtp);
            datagrams += 2;
        }
        CHECK(datagrams <= 10);
        CHECK(flow.findings.server_name.empty());
    }

    TEST_CASE("after the server's answer nothing is forgotten") {
        Flow flow;
        flow.from_client(quic_hello({.server_name = visio}));
        flow.confirm_from_server(server_hello());
        CHECK_FALSE(flow.inspector.awaits_answer(flow.findings));
    }

    TEST_CASE("nothing is confirmed of a flow without a client") {
        Flow flow(40000);
        flow.from_client(rtp);
        flow.confirm_from_server(rtp);
        CHECK_FALSE(flow.findings.answered);
    }
}

TEST_SUITE("datagram inspector, unreadable QUIC") {
    TEST_CASE("a server that answers a ClientHello which is not whole here") {
        const Buffer message = wire::client_hello({});
        Flow flow;
        flow.from_client(wire::initial({}, wire::crypto_frame(0, Bytes(message).first(60))));
        flow.from_client(
            wire::initial({.number = 1}, wire::crypto_frame(60, Bytes(message).subspan(60, 20))));
        flow.from_server(wire::initial(
            {.destination = {}, .keys_from = wire::Initial().destination, .from_server = true},
            wire::ack_frame(2)));
        CHECK(flow.findings.open());
        flow.from_server(server_hello());
        CHECK(flow.findings.ending == Ending::unreadable);
        CHECK(flow.findings.unreadable == Unreadable::incomplete);
    }

    TEST_CASE("a ClientHello divided over two ports is read in both flows") {
        const Buffer message = wire::client_hello({});
        Flow flow;
        flow.from_client(
            wire::initial({.number = 0}, wire::crypto_frame(0, Bytes(message).first(60))));
        DatagramInspector second;
        Findings found;
        const Endpoint other = wire::endpoint("10.0.0.1", 50001);
        const Buffer rest = wire::ip(
            other, flow.server, 17,
            wire::udp(
                other.port, 443,
                wire::initial({.number = 1}, wire::crypto_frame(60, Bytes(message).subspan(60)))));
        second.inspect(decode_packet(rest, {}).value(), 1, found, flow.workspace);
        CHECK(found.server_name == "us05web.zoom.us");
        CHECK(flow.findings.open());
        flow.from_server(server_hello());
        CHECK(flow.findings.server_name == "us05web.zoom.us");
        CHECK(flow.findings.answered);
    }

    TEST_CASE("a ClientHello larger than what is kept") {
        Flow flow;
        flow.from_client(
            wire::initial({}, wire::crypto_frame(0, wire::Fields().u8(1).u24(70000).take())));
        CHECK(flow.findings.unreadable == Unreadable::too_large);
    }

    TEST_CASE("a version that octroi does not know, where the server answers in it") {
        const wire::Initial foreign{.version = 0x51303530, .source = wire::text("client's")};
        const wire::Initial reply{.version = 0x51303530, .destination = wire::text("client's")};
        Flow flow;
        flow.from_client(wire::opaque_packet(0, foreign, 1300));
        CHECK(flow.findings.open());
        flow.from_server(wire::opaque_packet(0, reply, 100));
        CHECK(flow.findings.ending == Ending::unreadable);
        CHECK(flow.findings.unreadable == Unreadable::incomplete);
        Flow other;
        other.from_client(wire::opaque_packet(0, foreign, 1300));
        other.from_server(wire::opaque_packet(0, {.version = 0x51303530}, 100));
        CHECK(other.findings.open());
    }

    TEST_CASE("a version that the server negotiates away hides nothing, however often") {
        const Buffer greased =
            wire::opaque_packet(0, {.version = 0x1a2a3a4a, .source = wire::text("client's")}, 1300);
        const Buffer negotiation = wire::Fields()
                                       .u8(0x80)
                                       .u32(0)
                                       .vector8(wire::text("client's"))
                                       .vector8(wire::Initial().destination)
                                       .u32(1)
                                       .take();
        Flow flow;
        for (int i = 0; i < 10; ++i) {
            flow.from_client(greased);
            flow.from_server(negotiation);
        }
        CHECK(flow.findings.open());
        flow.from_client(quic_hello({.server_name = "us05web.zoom.us"}));
        CHECK(flow.findings.server_name == "us05web.zoom.us");
    }

    TEST_CASE("an Initial on port 53 that reads as a question is QUIC") {
        Flow flow(53);
        flow.from_client(quic_hello({.server_name = "us05web.zoom.us"}));
        CHECK(flow.findings.server_name == "us05web.zoom.us");
    }
}
