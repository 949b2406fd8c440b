#include "classifiers/inspection/client_request.hpp"

#include <doctest/doctest.h>

#include "classifiers/net/tcp_stream.hpp"
#include "tests/unit/inspection.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;
using Kind = ClientRequest::Kind;

namespace {

const Buffer zoom = wire::client_stream();
const Buffer connect_request = wire::text("CONNECT 192.0.2.9:8443 HTTP/1.1\r\nHost: a.org\r\n\r\n");
// RFC 1928 3, 4: no authentication, CONNECT to 192.0.2.7, port 443
const Buffer socks_request = {5, 1, 0, 5, 1, 0, 1, 192, 0, 2, 7, 1, 187};

struct Read {
    ClientRequest request;
    RequestProgress progress;
    std::vector<std::uint8_t> scratch;
};

Read read(const Buffer& stream) {
    Read result;
    result.request = read_client_request(stream, result.progress, result.scratch);
    return result;
}

// What comes of a flow whose client sends this.
struct Flow : Inspection {
    explicit Flow(const Buffer& stream) {
        handshake();
        for (std::size_t offset = 0; offset < stream.size() && inspector().open(); offset += 1400)
            from_client(offset, Bytes(stream).subspan(
                                    offset, std::min<std::size_t>(1400, stream.size() - offset)));
    }
};

void check_unreadable(const Buffer& stream, Unreadable why, ParserError error) {
    const Flow flow(stream);
    CHECK(flow.findings().ending == Ending::unreadable);
    CHECK(flow.findings().unreadable == why);
    CHECK(flow.findings().error == error);
    CHECK(flow.findings().server_name.empty());
    CHECK(flow.budget_used() == 0);
}

Buffer request_to(std::string_view host) {
    return wire::text("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
}

}  // namespace

TEST_SUITE("client request") {
    TEST_CASE("inside a proxy's request for an address, what follows names the flow") {
        for (const Buffer& proxy :
             {connect_request, socks_request, wire::join(socks_request, connect_request),
              wire::join(connect_request, connect_request)})
            for (const Buffer& inside :
                 {zoom, request_to("us05web.zoom.us"),
                  wire::join(wire::text("EHLO a.org\r\nSTARTTLS\r\n"), zoom)}) {
                const Buffer stream = wire::join(proxy, inside);
                for (std::size_t cut = 1; cut < stream.size(); cut += cut < 120 ? 1 : 17) {
                    CAPTURE(cut);
                    Inspection flow;
                    flow.handshake();
                    flow.from_client(0, Bytes(stream).first(cut));
                    flow.from_client(cut, Bytes(stream).subspan(cut));
                    REQUIRE(flow.findings().server_name == "us05web.zoom.us");
                }
            }
    }

    TEST_CASE("the address and the port that a proxy is asked for are found, the innermost's") {
        const Flow by_connect(connect_request);
        REQUIRE(by_connect.findings().proxied_address);
        CHECK(to_string(*by_connect.findings().proxied_address) == "192.0.2.9");
        CHECK(by_connect.findings().proxied_port == 8443);
        CHECK(by_connect.inspector().open());
        const Flow by_socks(socks_request);
        REQUIRE(by_socks.findings().proxied_address);
        CHECK(to_string(*by_socks.findings().proxied_address) == "192.0.2.7");
        CHECK(by_socks.findings().proxied_port == 443);
        const Flow chain(wire::join(wire::join(socks_request, connect_request), zoom));
        REQUIRE(chain.findings().proxied_address);
        CHECK(to_string(*chain.findings().proxied_address) == "192.0.2.9");
        const Flow direct(zoom);
        CHECK_FALSE(direct.findings().proxied_address);
    }

    TEST_CASE("an address in another dress is an address, of either proxy and in absolute form") {
        for (const std::string_view text :
             {"CONNECT 3221225993:443 HTTP/1.1\r\n\r\n", "CONNECT 0xc0.0.521 HTTP/1.1\r\n\r\n",
              "GET http://192.0.2.9/ HTTP/1.1\r\nHost: 192.0.2.9\r\n\r\n"}) {
            CAPTURE(text);
            const Flow flow(wire::text(text));
            REQUIRE(flow.findings().proxied_address);
            CHECK(to_string(*flow.findings().proxied_address) == "192.0.2.9");
        }
        const Flow v6(wire::text("CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n"));
        REQUIRE(v6.findings().proxied_address);
        CHECK(to_string(*v6.findings().proxied_address) == "2001:db8::1");
    }

    TEST_CASE("the name that a proxy is asked for outweighs what is inside") {
        const Buffer by_name = wire::text("CONNECT us05web.zoom.us:443 HTTP/1.1\r\n\r\n");
        const Flow flow(wire::join(by_name, wire::client_stream("visio.numerique.gouv.fr")));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
        CHECK(flow.findings().name_kind == EvidenceKind::http_host);
    }

    TEST_CASE("a proxy's request with nothing that octroi reads inside ends as nothing to read") {
        Flow flow(wire::join(connect_request, wire::text("SSH-2.0-OpenSSH_9.2\r\n")));
        flow.go_on();
        CHECK(flow.findings().ending == Ending::nothing_more);
        CHECK(flow.findings().proxied_address);
    }

    TEST_CASE("what a client asks is known to have begun before it is whole") {
        CHECK(read(wire::text("GET / HTTP/1.1\r\n")).request.begun);
        CHECK_FALSE(read(wire::text("GET / HT")).request.begun);
        CHECK(read(Buffer(zoom.begin(), zoom.begin() + 9)).request.begun);
        CHECK_FALSE(read(Buffer(zoom.begin(), zoom.begin() + 5)).request.begun);
        CHECK_FALSE(read(connect_request).request.begun);
        CHECK_FALSE(read(socks_request).request.begun);
        CHECK_FALSE(read(wire::text("EHLO a.org\r\n")).request.begun);
    }

    TEST_CASE("proxies behind proxies are followed, but not for ever") {
        Buffer stream;
        for (int i = 0; i < 6; ++i)
            stream = wire::join(stream, socks_request);
        CHECK(Flow(wire::join(stream, zoom)).findings().server_name == "us05web.zoom.us");
        for (int i = 0; i < 6; ++i)
            stream = wire::join(stream, socks_request);
        check_unreadable(wire::join(stream, zoom), Unreadable::too_large,
                         ParserError::http_bad_host);
    }

    TEST_CASE("names that are none are unreadable, in SNI, in Host and at a proxy") {
        for (const std::string_view name : {"zoom.us/", "zoom.us+", "zoom..us", "[zoom.us]"}) {
            CAPTURE(name);
            check_unreadable(wire::client_stream(name), Unreadable::bad_name,
                             ParserError::tls_bad_name);
            if (!name.starts_with('['))
                check_unreadable(request_to(name), Unreadable::bad_name,
                                 ParserError::http_bad_host);
        }
        // RFC 9110 7.2: without userinfo. nginx cuts at the colon.
        check_unreadable(request_to("zoom.us:80@example.org"), Unreadable::bad_name,
                         ParserError::http_bad_host);
        check_unreadable(wire::text("CONNECT zoom..us:443 HTTP/1.1\r\n\r\n"), Unreadable::bad_name,
                         ParserError::http_bad_host);
    }

    TEST_CASE("names that servers take for others are read as those") {
        for (const std::string_view name :
             {"us05web.zoom.us:443", "us05web.zoom.us.", "us05web.zoom.us ", "US05WEB.zoom.us"}) {
            CAPTURE(name);
            CHECK(Flow(wire::client_stream(name)).findings().server_name == "us05web.zoom.us");
            CHECK(Flow(request_to(name)).findings().server_name == "us05web.zoom.us");
        }
    }

    TEST_CASE("literal addresses where a name belongs are no names and readable") {
        for (const std::string_view name :
             {"192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]:443"}) {
            CAPTURE(name);
            const Flow flow(wire::client_stream(name));
            CHECK(flow.inspector().open());  // for the server's certificate
            CHECK(flow.findings().server_name.empty());
            CHECK(flow.findings().server_address == name);
        }
        Flow v6(request_to("[2001:db8::1]:8080"));
        v6.go_on();
        CHECK(v6.findings().ending == Ending::nothing_more);
        CHECK(v6.findings().server_address == "2001:db8::1");
    }

    TEST_CASE("a request that breaks its grammar is unreadable") {
        check_unreadable(wire::text("GET / HTTP/1.1\r\nX: a\rHost: zoom.us\r\nHost: a.org\r\n\r\n"),
                         Unreadable::malformed, ParserError::http_bad_host);
        check_unreadable({5, 1, 0, 5, 1, 0, 9, 192, 0, 2, 7, 1, 187}, Unreadable::malformed,
                         ParserError::http_bad_host);
        Buffer stream = wire::in_records(wire::client_hello({}), 100);
        stream[105] = 23;
        check_unreadable(stream, Unreadable::malformed, ParserError::tls_malformed);
        check_unreadable(wire::join(connect_request, stream), Unreadable::malformed,
                         ParserError::tls_malformed);
        check_unreadable(wire::join(wire::text("STLS\r\n"), stream), Unreadable::malformed,
                         ParserError::tls_malformed);
    }

    TEST_CASE("a request longer than what is kept of a stream is unreadable") {
        const std::string fields(TcpStream::capacity, 'x');
        check_unreadable(wire::text("GET / HTTP/1.1\r\nX: " + fields), Unreadable::too_large,
                         ParserError::http_bad_host);
        // records of no content go on for ever
        Buffer records = wire::in_records(Bytes(wire::client_hello({})).first(50));
        for (std::size_t i = 0; records.size() < TcpStream::capacity; ++i)
            records = wire::join(records, Buffer{22, 3, 1, 0, 0});
        check_unreadable(records, Unreadable::too_large, ParserError::tls_too_large);
    }

    TEST_CASE("text without end that is no request is nothing to read") {
        Flow flow(wire::text(std::string(TcpStream::capacity + 10, 'x')));
        flow.go_on();
        CHECK(flow.findings().ending == Ending::nothing_more);
    }

    TEST_CASE("whole requests that name nobody are readable") {
        for (const std::string_view text :
             {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n"}) {
            Flow flow(wire::text(text));
            flow.go_on();
            CHECK(flow.findings().ending == Ending::nothing_more);
            CHECK(flow.findings().application == Application::http);
        }
        const Flow without(wire::in_records(wire::client_hello({.server_name = ""})));
        CHECK(without.inspector().open());
        const Flow old(wire::Fields()
                           .u16(0x8000 + 9 + 3 + 16)  // length
                           .u8(1)                     // CLIENT-HELLO
                           .u16(0x0303)               // version
                           .u16(3)                    // cipher specs, octets
                           .u16(0)                    // session id, octets
                           .u16(16)                   // challenge, octets
                           .fill(3 + 16)
                           .take());
        CHECK(old.findings().application == Application::tls);
        CHECK(old.inspector().open());  // for the server's certificate
    }

    TEST_CASE("a Host behind more than 17 KiB of fields names the flow") {
        std::string head = "GET / HTTP/1.1\r\n";
        while (head.size() < 60'000)
            head += "X-Filler: " + std::string(990, 'x') + "\r\n";
        CHECK(Flow(wire::text(head + "Host: us05web.zoom.us\r\n\r\n")).findings().server_name ==
              "us05web.zoom.us");
    }

    TEST_CASE("HTTP/2 in clear names the flow") {
        const Buffer request = wire::Fields()
                                   .text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                                   .u24(0)         // SETTINGS: length
                                   .u16(0x0400)    // type, flags
                                   .u32(0)         // stream
                                   .u24(3 + 9)     // HEADERS: length
                                   .u16(0x0105)    // type, END_HEADERS and END_STREAM
                                   .u32(1)         // stream
                                   .u24(0x828684)  // GET, http, /
                                   .u8(0x41)       // :authority
                                   .vector8(wire::text("zoom.us"))
                                   .take();
        const Flow flow(request);
        CHECK(flow.findings().server_name == "zoom.us");
        CHECK(flow.findings().application == Application::http);
    }

    TEST_CASE("other protocols are left at their first words, as before") {
        for (const std::string_view text :
             {"SSH-2.0-OpenSSH_9.2\r\n", "*1\r\n$4\r\nPING\r\n", "PING\r\n", "NICK a\r\nUSER a\r\n",
              "{\"id\": 1}\n", "login me\r\n"}) {
            CAPTURE(text);
            CHECK(read(wire::text(text)).request.kind == Kind::foreign);
        }
        for (const Buffer& octets :
             {Buffer{0x13, 'B', 'i', 't'}, Buffer{23, 3, 3, 0, 9}, Buffer{21, 3, 3, 0, 26, 1, 2},
              Buffer{0, 0, 0, 1}, Buffer{0xff, 'S', 'M', 'B'}}) {
            CAPTURE(octets);
            CHECK(read(octets).request.kind == Kind::foreign);
        }
    }
}
