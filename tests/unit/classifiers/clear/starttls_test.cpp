#include "classifiers/clear/starttls.hpp"

#include <doctest/doctest.h>

#include "classifiers/net/tcp_stream.hpp"
#include "tests/unit/inspection.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using starttls::Problem;
using wire::Buffer;

namespace {

const Buffer hello = wire::client_stream();

std::expected<std::size_t, Problem> offset(const Buffer& stream) {
    std::size_t settled = 0;
    return starttls::hello_offset(stream, settled);
}

bool foreign(const Buffer& stream) {
    const auto found = offset(stream);
    return !found && found.error() == Problem::foreign;
}

const Buffer ssl_request = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
const Buffer gss_request = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30};

// MySQL's SSLRequest; its numbers are little-endian.
Buffer mysql_request(std::uint8_t capabilities) {
    return wire::Fields()
        .u8(32)                       // payload length
        .u16(0)                       // the same
        .u8(1)                        // sequence number
        .u16(0x0500U | capabilities)  // capabilities: the second octet holds CLIENT_SSL
        .u16(0)                       // the same
        .u32(0)                       // longest packet
        .u8(45)                       // character set
        .fill(23)                     // filler
        .take();
}

// RFC 4511 4.14.1
Buffer ldap_request(std::string_view oid, std::size_t operation = 0x77) {
    const Buffer name = wire::Fields().u8(0x80).vector8(wire::text(oid)).take();
    const Buffer message = wire::Fields()
                               .u8(2)
                               .vector8({1})  // messageID
                               .u8(operation)
                               .vector8(name)
                               .take();
    return wire::Fields().u8(0x30).vector8(message).take();
}

// RFC 1006 6, X.224 13.3, with RDP's cookie
Buffer rdp_request(std::size_t type = 0xe0) {
    const Buffer cookie = wire::text("Cookie: mstshash=me\r\n");
    return wire::Fields()
        .u8(3)                    // TPKT version
        .u8(0)                    // reserved
        .u16(11 + cookie.size())  // length
        .u8(6 + cookie.size())    // length indicator
        .u8(type)                 // connection request
        .fill(5)                  // references, class
        .bytes(cookie)
        .take();
}

const Buffer before_tls[] = {
    wire::text("EHLO a.org\r\nSTARTTLS\r\n"),
    wire::text("ehlo a.org\r\nNOOP\r\nfoo\r\nStartTLS\r\n"),
    wire::text("LHLO a.org\nSTARTTLS\n"),
    wire::text("STARTTLS\r\n"),
    wire::text("a1 STARTTLS\r\n"),
    wire::text("0001 CAPABILITY\r\n0002 ID NIL\r\n0003 starttls\r\n"),
    wire::text("STLS\r\n"),
    wire::text("CAPA\r\nSTLS\r\n"),
    wire::text("AUTH TLS\r\n"),
    wire::text("FEAT\r\nAUTH SSL\r\n"),
    wire::text("USER me\r\nAUTH TLS\r\n"),
    wire::text("CAPABILITIES\r\nSTARTTLS\r\n"),
    wire::text("<?xml version='1.0'?><stream:stream to='a.org' version='1.0'>"
               "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    wire::text("\r\n<stream:stream to='a.org'>\n<starttls/>\n"),
    ssl_request,
    mysql_request(0x08),
    ldap_request("1.3.6.1.4.1.1466.20037"),
    rdp_request(),
};

}  // namespace

TEST_SUITE("starttls") {
    TEST_CASE("the ClientHello behind a request for TLS is found, in any protocol") {
        for (const Buffer& start : before_tls) {
            CAPTURE(wire::text(start));
            const Buffer stream = wire::join(start, hello);
            CHECK(offset(stream) == start.size());
        }
    }

    TEST_CASE("it names the flow, however the stream is cut") {
        for (const Buffer& start : before_tls) {
            CAPTURE(wire::text(start));
            const Buffer stream = wire::join(start, hello);
            for (std::size_t cut = 1; cut < start.size() + 8; ++cut) {
                CAPTURE(cut);
                Inspection flow;
                flow.handshake();
                flow.from_client(0, Bytes(stream).first(cut));
                REQUIRE(flow.inspector().open());
                flow.from_server(0, wire::text("220 go on\r\n"));
                flow.from_client(cut, Bytes(stream).subspan(cut));
                REQUIRE(flow.findings().server_name == "us05web.zoom.us");
                CHECK(flow.findings().name_kind == EvidenceKind::tls_sni);
            }
        }
    }

    TEST_CASE("of a client that names nobody there the server's certificate is read") {
        const Buffer start = wire::text("STLS\r\n");
        const Buffer nameless = wire::in_records(wire::client_hello({.server_name = ""}));
        const Buffer greeting = wire::text("+OK ready\r\n+OK go on\r\n");
        // RFC 5246 7.4: a ServerHello, and a certificate that is none
        const Buffer flight = wire::Fields()
                                  .u8(2)
                                  .vector24(Buffer(70))
                                  .u8(11)
                                  .vector24(wire::Fields().u24(7).vector24(Buffer(4)).take())
                                  .take();
        Inspection flow;
        flow.handshake();
        flow.from_server(0, greeting);
        flow.from_client(0, wire::join(start, nameless));
        CHECK(flow.inspector().open());
        flow.from_server(greeting.size(), wire::in_records(flight));
        CHECK(flow.findings().error == ParserError::certificate_malformed);
    }

    TEST_CASE("PostgreSQL's client asks for TLS after its server refused GSS") {
        const Buffer start = wire::join(gss_request, ssl_request);
        Inspection flow;
        flow.handshake();
        flow.from_client(0, wire::join(start, hello));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a client that goes on without TLS is foreign at its first message") {
        const Buffer message(5000, 'x');
        CHECK(foreign(wire::join(wire::text("EHLO a.org\r\ndata\r\n"), message)));
        CHECK(foreign(wire::join(wire::text("EHLO a.org\r\nx"), hello)));
        CHECK(foreign(wire::text("EHLO a.org\r\n\x01")));
        CHECK(foreign(mysql_request(0)));
        CHECK(foreign(ldap_request("1.3.6.1.4.1.1466.20036")));
        CHECK(foreign(ldap_request("1.3.6.1.4.1.1466.20037", 0x60)));
        CHECK(foreign(rdp_request(0xf0)));
        Buffer long_identifier = ldap_request("1.3.6.1.4.1.1466.20037");
        long_identifier[3] = 50;  // reaches behind the message
        CHECK(foreign(long_identifier));
    }

    TEST_CASE(
        "a client may ask for TLS where the server refused its message, or took a short one") {
        const Buffer start =
            wire::text("EHLO a.org\r\nDATA\r\nSubject: a\r\n.\r\nNOOP\r\nSTARTTLS\r\n");
        std::size_t settled = 0;
        CHECK(starttls::hello_offset(wire::join(start, hello), settled) == start.size());
        // A look at a time, in whichever pieces it comes.
        settled = 0;
        for (std::size_t size = 12; size < start.size(); ++size)
            REQUIRE_FALSE(starttls::hello_offset(Bytes(start).first(size), settled));
        CHECK(starttls::hello_offset(wire::join(start, hello), settled) == start.size());
    }

    TEST_CASE("other protocols are foreign from their first words") {
        for (const std::string_view text :
             {"GET / HTTP/1.1\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "*1\r\n$4\r\nPING\r\n", "PING\r\n",
              "login\r\n", "<policy-file-request/>", "<html>", "<st CAPABILITY\r\n",
              "HELP / HTTP/1.1\r\n", "NICK a\r\n", "{\"id\":1}\n", "WA\x06"}) {
            CAPTURE(text);
            CHECK(foreign(wire::text(text)));
        }
        CHECK(foreign(hello));
        CHECK(foreign({0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}));  // STUN
    }

    TEST_CASE("a client of a mail server that never asks for TLS ends as nothing to read") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, wire::text("EHLO a.org\r\n"));
        CHECK(flow.inspector().open());
        flow.from_client(12, wire::text("MAIL FROM:<a@a.org>\r\nDATA\r\n"));
        CHECK(flow.inspector().open());
        flow.from_client(39, Buffer(5000, 'x'));
        flow.go_on();
        CHECK(flow.findings().ending == Ending::nothing_more);
    }

    TEST_CASE("what an earlier look has read is not read again") {
        Buffer stream = wire::text("EHLO a.org\r\n");
        while (stream.size() < 50'000)
            stream = wire::join(stream, wire::text("NOOP\r\n"));
        std::size_t settled = 0;
        CHECK_FALSE(starttls::hello_offset(stream, settled));
        CHECK(settled == stream.size());
        const std::size_t commands = stream.size();
        stream = wire::join(stream, hello);
        CHECK(starttls::hello_offset(stream, settled) == commands);
    }
}
