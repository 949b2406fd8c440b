// What a client that wants to hide from the inspector may try, and what broken clients send.
#include <doctest/doctest.h>

#include "classifiers/inspection/inspector.hpp"
#include "tests/unit/dns_wire.hpp"
#include "tests/unit/inspection.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

Buffer first(const Buffer& stream, std::size_t count) {
    return {stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(count)};
}

Buffer rest(const Buffer& stream, std::size_t offset) {
    return {stream.begin() + static_cast<std::ptrdiff_t>(offset), stream.end()};
}

// The name was read, or the flow is known to be one that hides it: never silently nothing.
bool caught(const Inspection& flow) {
    return flow.findings().server_name == "us05web.zoom.us" ||
           flow.findings().ending == Ending::ambiguous;
}

}  // namespace

TEST_SUITE("inspector against evasion") {
    TEST_CASE("a DNS message where a later segment begins is none") {
        const Buffer question = wire::Fields()
                                    .vector16(dns_wire::message(
                                        {.flags = 0x0100, .question = dns_wire::labels("a.fr")}))
                                    .take();
        for (const std::size_t before : {0U, 20U}) {
            Inspection flow;
            flow.connection.client.port = 53;
            flow.handshake();
            flow.from_client(0, first(wire::client_stream("us05web.zoom.us"), before));
            flow.from_client(before, question);
            CHECK((flow.findings().application == Application::dns) == (before == 0));
        }
    }

    TEST_CASE("an overlap with different content is ambiguous, whichever name comes first") {
        const Buffer zoom = wire::client_stream("us05web.zoom.us");
        const Buffer decoy = wire::client_stream("visio.gouv.fr..");
        REQUIRE(zoom.size() == decoy.size());
        for (const bool decoy_first : {false, true}) {
            Inspection flow;
            flow.handshake();
            flow.from_client(100, rest(decoy_first ? decoy : zoom, 100));
            flow.from_client(100, rest(decoy_first ? zoom : decoy, 100));
            CHECK(flow.findings().ending == Ending::ambiguous);
            CHECK(flow.findings().server_name.empty());
            CHECK(flow.budget_used() == 0);
        }
    }

    TEST_CASE("garbage behind a first TLS record is unreadable") {
        Buffer stream = wire::in_records(wire::client_hello({}), 100);
        stream[105] = 'G';
        Inspection flow;
        flow.handshake();
        flow.from_client(0, stream);
        CHECK(flow.findings().ending == Ending::unreadable);
        CHECK(flow.findings().unreadable == Unreadable::malformed);
        CHECK(flow.findings().server_name.empty());
        flow.packet(flow.connection.acknowledge(stream.size()));
        CHECK(flow.budget_used() == 0);
    }

    TEST_CASE("garbage behind a record header ends the inspection") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, Buffer{22, 3, 1, 1, 0, 'G', 'A', 'R', 'B', 'A', 'G', 'E'});
        flow.keep_talking();
        flow.go_on();
        CHECK(flow.findings().ending == Ending::nothing_more);
    }

    TEST_CASE("a malformed ClientHello is an error of the parser") {
        const Buffer broken = wire::Fields().u8(1).vector24(Buffer(10, 3)).take();
        Inspection flow;
        flow.handshake();
        flow.from_client(0, wire::in_records(broken));
        CHECK(flow.findings().error == ParserError::tls_malformed);
        CHECK(flow.findings().ending == Ending::unreadable);
        CHECK(flow.findings().unreadable == Unreadable::malformed);
        flow.packet(flow.connection.syn_ack());
        CHECK_FALSE(flow.findings().error);  // of the newest packet only
    }

    TEST_CASE("a ClientHello that announces more than 64 KiB is an error of the parser") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, Buffer{22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff});
        CHECK(flow.findings().error == ParserError::tls_too_large);
        CHECK(flow.findings().ending == Ending::unreadable);
        CHECK(flow.findings().unreadable == Unreadable::too_large);
    }

    TEST_CASE("a name that is no host name is an error of the parser") {
        for (const std::string_view name :
             {std::string_view("zoom.us\0.visio.gouv.fr", 22), std::string_view("zoom us"),
              std::string_view("zo\xc3\xb6m.us")}) {
            Inspection flow;
            flow.handshake();
            flow.from_client(0, wire::client_stream(name));
            CHECK(flow.findings().error == ParserError::tls_bad_name);
            CHECK(flow.findings().server_name.empty());
            CHECK(flow.findings().ending == Ending::unreadable);
            CHECK(flow.findings().unreadable == Unreadable::bad_name);
        }
    }

    TEST_CASE("a server that speaks first does not hide what the client says") {
        Inspection flow;
        flow.handshake();
        flow.from_server(0, wire::text("220 mail.example.org ESMTP\r\n"));
        CHECK(flow.inspector().open());
        flow.from_client(0, wire::client_stream());
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a ClientHello that the server sends names nothing") {
        Inspection flow;
        flow.handshake();
        flow.from_server(0, wire::client_stream("visio.numerique.gouv.fr"));
        CHECK(flow.inspector().open());
        flow.from_client(0, wire::client_stream());
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a server that goes on talking uses up the quota") {
        Inspection flow;
        flow.handshake();
        for (std::size_t i = 0; i < 16; ++i)
            flow.from_server(i, wire::text("x"));
        CHECK(flow.inspector().open());
        flow.from_server(16, wire::text("x"));
        CHECK(flow.findings().ending == Ending::quota);
    }

    TEST_CASE("a client that repeats itself for ever uses up the quota") {
        const Buffer start = first(wire::in_records(wire::client_hello({.padding = 4000})), 1400);
        Inspection flow;
        flow.handshake();
        for (int i = 0; i < 1000 && flow.inspector().open(); ++i)
            flow.from_client(0, start);
        CHECK(flow.findings().ending == Ending::unreadable);
        CHECK(flow.findings().unreadable == Unreadable::quota);
        CHECK(flow.budget_used() == 0);
    }

    TEST_CASE("a worker without memory says so and keeps nothing") {
        const Buffer stream = wire::client_stream();
        Inspection flow(100);
        flow.handshake();
        flow.from_client(0, first(stream, 60));
        CHECK(flow.findings().ending == Ending::unreadable);
        CHECK(flow.findings().unreadable == Unreadable::no_memory);
        CHECK(flow.budget_used() == 0);
    }

    TEST_CASE("a whole ClientHello in the first segment needs no memory") {
        Inspection flow(0);
        flow.handshake();
        flow.from_client(0, wire::client_stream());
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("one side of an unknown flow that is not TLS waits for the other") {
        Inspection flow;
        flow.from_server(0, wire::text("HTTP/1.1 200 OK"));
        CHECK(flow.inspector().open());
        flow.from_client(0, wire::client_stream());
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("an unknown flow that is not TLS on either side ends") {
        Inspection both;
        both.from_server(0, wire::text("HTTP/1.1 200 OK"));
        both.from_client(0, wire::text("nothing that anybody knows"));
        both.keep_talking();
        both.go_on();
        CHECK(both.findings().ending == Ending::nothing_more);
        CHECK(both.inspector().midstream());
        Inspection one;
        for (std::size_t i = 0; i < 8; ++i)
            one.from_server(10 * i, wire::text("0123456789"));
        CHECK(one.findings().ending == Ending::nothing_more);
    }

    TEST_CASE("a second SYN with another sequence number before any data starts anew") {
        Inspection flow;
        flow.packet(flow.connection.syn());
        flow.connection.client_start = 777777;
        flow.handshake();
        flow.from_client(0, wire::client_stream());
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a second SYN with another sequence number drops what waited behind a gap") {
        const Buffer stream = wire::client_stream();
        Inspection flow;
        flow.packet(flow.connection.syn());
        flow.from_client(50, Buffer(100, 0xee));
        flow.connection.client_start += 10;
        flow.handshake();
        flow.from_client(0, first(stream, 60));
        flow.from_client(60, rest(stream, 60));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a second SYN with another sequence number behind a decoy's data hides nothing") {
        Inspection flow;
        flow.packet(flow.connection.syn(Buffer{22}));  // never reaches the server: a low TTL
        flow.connection.client_start = 777777;
        flow.handshake();
        flow.from_client(0, wire::client_stream());
        CHECK(caught(flow));
    }

    TEST_CASE("data that is not TLS before the SYN does not hide the connection that follows") {
        Inspection flow;
        flow.from_client(0, wire::text("G"));  // the server answers with a reset
        flow.connection.client_start = 777777;
        flow.handshake();
        flow.from_client(0, wire::client_stream());
        CHECK(caught(flow));
    }

    TEST_CASE("a decoy SYN between the true one and its answer hides nothing") {
        Inspection flow;
        flow.packet(flow.connection.syn());
        wire::Connection decoy = flow.connection;
        decoy.client_start = 777777;
        flow.packet(decoy.syn(Buffer{22, 3, 1}));
        flow.packet(flow.connection.syn_ack());
        flow.from_client(0, wire::client_stream());
        CHECK(caught(flow));
    }

    TEST_CASE("a new connection on the ports of one that said nothing is read") {
        Inspection flow;
        flow.handshake();
        flow.connection.client_start = 777777;
        flow.handshake();
        flow.from_client(0, wire::client_stream());
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a decoy SYN behind the true one hides nothing") {
        Inspection flow;
        flow.handshake();
        wire::Connection decoy = flow.connection;
        decoy.client_start = 777777;
        flow.packet(decoy.syn());  // never reaches the server: a low TTL
        flow.from_client(0, wire::client_stream());
        CHECK(caught(flow));
    }

    TEST_CASE("urgent octets leave a name that may refuse and does not permit, however they come") {
        const Buffer hello = wire::client_stream("us05web.zoom.us");
        const auto urgent = [](std::uint32_t offset, Bytes data, std::size_t pointer) {
            const wire::Connection c;
            return wire::ip(c.client, c.server, 6,
                            wire::tcp({.source = c.client.port,
                                       .destination = c.server.port,
                                       .sequence = c.client_start + 1 + offset,
                                       .flags = wire::ack | wire::urg,
                                       .urgent = pointer},
                                      data));
        };
        SUBCASE("an empty segment, the octet behind it") {
            Inspection flow;
            flow.handshake();
            flow.packet(urgent(0, {}, 1));
            flow.from_client(0, wire::join(wire::text("x"), hello));
            CHECK(flow.findings().server_name == "us05web.zoom.us");
            CHECK(flow.findings().unreadable == Unreadable::urgent);
        }
        SUBCASE(
            "one far ahead, which makes Linux ignore the one on an octet of the name's stream") {
            Inspection flow;
            flow.handshake();
            flow.packet(urgent(1, Bytes(hello).subspan(1, 8), 20000));
            flow.packet(urgent(0, Bytes(hello).first(1), 1));
            flow.from_client(0, hello);
            CHECK(flow.findings().server_name == "us05web.zoom.us");
            CHECK(flow.findings().unreadable == Unreadable::urgent);
        }
        SUBCASE("several in what reads as nothing") {
            Inspection flow;
            flow.handshake();
            flow.packet(urgent(0, {}, 5));
            flow.packet(urgent(0, wire::text("\xff\xf2 of Telnet"), 3));
            CHECK(flow.findings().unreadable == Unreadable::urgent);
        }
        SUBCASE("after a name was read, before its server took it") {
            Inspection flow;
            flow.handshake();
            flow.from_client(0, hello);
            flow.packet(urgent(0, {}, 1));
            CHECK(flow.findings().ending == Ending::ambiguous);
        }
    }
}
