// The client's stream is what its server takes of it: what a receiver throws away decides nothing.
#include <doctest/doctest.h>

#include "tests/unit/inspection.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

const Buffer zoom = wire::client_stream("us05web.zoom.us");
const Buffer visio = wire::client_stream("visio-x.gouv.fr");

Buffer part(const Buffer& stream, std::size_t begin, std::size_t end) {
    return {stream.begin() + static_cast<std::ptrdiff_t>(begin),
            stream.begin() + static_cast<std::ptrdiff_t>(end)};
}

// RFC 2385 3.0, behind two octets that do nothing.
Buffer md5_option() {
    return wire::Fields().u8(1).u8(1).u8(19).u8(18).fill(16).take();
}

// RFC 7323 3.2
Buffer timestamps_option(std::size_t value) {
    return wire::Fields().u8(1).u8(1).u8(8).u8(10).u32(value).u32(0).take();
}

// A segment of the client at `offset` of its stream, as `header` says.
Buffer segment(const wire::Connection& connection, std::size_t offset, wire::Tcp header,
               Bytes data) {
    header.source = connection.client.port;
    header.destination = connection.server.port;
    header.sequence = connection.client_start + 1 + static_cast<std::uint32_t>(offset);
    return wire::ip(connection.client, connection.server, 6, wire::tcp(header, data));
}

}  // namespace

TEST_SUITE("inspector: what the server takes") {
    TEST_CASE("a name waits for the server's acknowledgement of its octets") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, visio);
        CHECK(flow.findings().ending == Ending::named);
        CHECK(flow.inspector().awaits_answer());
        CHECK(flow.inspector().wants_acknowledgements());
        flow.packet(flow.connection.acknowledge(visio.size() - 1));
        CHECK(flow.inspector().awaits_answer());
        flow.packet(flow.connection.acknowledge(visio.size()));
        CHECK_FALSE(flow.inspector().awaits_answer());
        CHECK(flow.findings().server_name == "visio-x.gouv.fr");
        CHECK(flow.budget_used() == 0);
    }

    TEST_CASE("an acknowledgement of more than was sent proves nothing") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, visio);
        flow.packet(flow.connection.acknowledge(visio.size() + 100'000));
        CHECK(flow.inspector().awaits_answer());
    }

    TEST_CASE("an acknowledgement that comes in where the client does proves nothing") {
        Inspection flow;
        flow.context = {.input_interface = 1, .output_interface = 2};
        flow.packet(flow.connection.syn());
        flow.from_client(0, visio);
        flow.packet(flow.connection.acknowledge(visio.size()));
        CHECK(flow.inspector().awaits_answer());
        flow.context = {.input_interface = 2, .output_interface = 1};
        flow.packet(flow.connection.acknowledge(visio.size()));
        CHECK_FALSE(flow.inspector().awaits_answer());
    }

    TEST_CASE("another ClientHello before the server's answer is ambiguous, be the first read") {
        for (const bool whole : {true, false}) {
            Inspection flow;
            flow.handshake();
            flow.from_client(0, visio);
            const std::size_t begin = whole ? 0 : visio.size() / 2;
            flow.from_client(begin, part(zoom, begin, zoom.size()));
            CHECK(flow.findings().ending == Ending::ambiguous);
        }
    }

    TEST_CASE("the same octets sent again before the answer, cut in another way, change nothing") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, visio);
        flow.from_client(7, part(visio, 7, 60));
        flow.from_client(60, part(visio, 60, visio.size()));
        CHECK(flow.findings().ending == Ending::named);
    }

    TEST_CASE("what comes after the answer changes nothing, whatever it holds") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, visio);
        flow.packet(flow.connection.acknowledge(visio.size()));
        flow.from_client(0, zoom);
        CHECK(flow.findings().ending == Ending::named);
        CHECK(flow.findings().server_name == "visio-x.gouv.fr");
    }

    TEST_CASE("a segment without ACK carries nothing") {
        Inspection flow;
        flow.handshake();
        for (const std::size_t flags : {std::size_t{0}, wire::fin, wire::rst | wire::ack})
            flow.packet(segment(flow.connection, 0, {.flags = flags}, visio));
        CHECK(flow.findings().evidence.empty());
        flow.from_client(0, zoom);
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a keep-alive's octet of garbage is none of what the server has taken") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, wire::text("PING\r\n"));
        CHECK(flow.inspector().wants_acknowledgements());
        flow.packet(flow.connection.acknowledge(6));
        flow.from_client(5, wire::text("x"));
        flow.from_client(6, wire::text("PING\r\n"));
        CHECK(flow.findings().ending != Ending::ambiguous);
    }

    TEST_CASE("a segment that a receiver may throw away is doubtful") {
        const auto doubted = [](const wire::Tcp& opening, const wire::Tcp& header) {
            Inspection flow;
            wire::Tcp syn = opening;
            syn.flags = wire::syn;
            flow.packet(segment(flow.connection, static_cast<std::size_t>(-1), syn, {}));
            flow.packet(segment(flow.connection, 0, header, visio));
            return flow.findings().doubtful;
        };
        CHECK_FALSE(doubted({}, {}));
        CHECK(doubted({}, {.options = md5_option()}));
        CHECK_FALSE(doubted({.options = md5_option()}, {.options = md5_option()}));
        CHECK(doubted({.options = timestamps_option(9)}, {}));
        CHECK_FALSE(doubted({.options = timestamps_option(9)}, {.options = timestamps_option(9)}));
        CHECK(doubted({}, {.flags = wire::ack | wire::urg, .urgent = 1}));
    }

    TEST_CASE("a timestamp before the last one is doubtful") {
        Inspection flow;
        flow.packet(segment(flow.connection, static_cast<std::size_t>(-1),
                            {.flags = wire::syn, .options = timestamps_option(100)}, {}));
        flow.packet(
            segment(flow.connection, 0, {.options = timestamps_option(101)}, part(visio, 0, 50)));
        CHECK_FALSE(flow.findings().doubtful);
        flow.packet(segment(flow.connection, 50, {.options = timestamps_option(100)},
                            part(visio, 50, visio.size())));
        CHECK(flow.findings().doubtful);
    }

    TEST_CASE("a hop limit other than the SYN's is doubtful") {
        Inspection flow;
        flow.handshake();
        Buffer packet = flow.connection.from_client(0, visio);
        packet[8] = 3;  // time to live
        flow.packet(packet);
        CHECK(flow.findings().doubtful);
    }

    TEST_CASE("data in a SYN that the server does not take was never read") {
        Inspection flow;
        flow.packet(flow.connection.syn(visio));
        CHECK(flow.findings().server_name == "visio-x.gouv.fr");
        CHECK(flow.findings().doubtful);
        CHECK(flow.inspector().wants_acknowledgements());
        flow.packet(flow.connection.syn_ack());
        CHECK(flow.findings().ending == Ending::open);
        CHECK(flow.findings().server_name.empty());
        flow.from_client(0, zoom);
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("data in a SYN that the server takes is its answer") {
        Inspection flow;
        flow.packet(flow.connection.syn(visio));
        flow.packet(flow.connection.syn_ack(static_cast<std::uint32_t>(visio.size())));
        CHECK(flow.findings().server_name == "visio-x.gouv.fr");
        CHECK_FALSE(flow.inspector().awaits_answer());
    }

    TEST_CASE("of data in a SYN the server may take a part") {
        Inspection flow;
        flow.packet(flow.connection.syn(visio));
        flow.packet(flow.connection.syn_ack(40));
        CHECK(flow.findings().ending == Ending::open);
        flow.from_client(40, part(visio, 40, visio.size()));
        CHECK(flow.findings().server_name == "visio-x.gouv.fr");
    }

    TEST_CASE("an urgent octet is none of the stream, and its name permits nothing") {
        for (const std::size_t place : {0U, 1U, 5U, 60U})
            for (const std::size_t pointer : {0U, 1U}) {  // which Linux takes for the same
                CAPTURE(place);
                CAPTURE(pointer);
                Inspection flow;
                flow.handshake();
                if (place > 0)
                    flow.from_client(0, part(zoom, 0, place));
                flow.packet(segment(flow.connection, place,
                                    {.flags = wire::ack | wire::urg, .urgent = pointer},
                                    wire::text("x")));
                flow.from_client(place + 1, part(zoom, place, zoom.size()));
                CHECK(flow.findings().server_name == "us05web.zoom.us");
                CHECK(flow.findings().ending == Ending::unreadable);
                CHECK(flow.findings().unreadable == Unreadable::urgent);
            }
    }

    TEST_CASE("urgent octets of another protocol are no matter") {
        Inspection flow;
        flow.handshake();
        flow.packet(segment(flow.connection, 0, {.flags = wire::ack | wire::urg, .urgent = 2},
                            wire::text("\xff\xf2")));
        flow.from_client(2, wire::text("ls -l and so on\r\n"));
        flow.keep_talking();
        CHECK(flow.findings().ending == Ending::nothing_more);
    }

    TEST_CASE("a SYN-ACK of the client makes it no server, whether before its SYN or behind") {
        wire::Connection forged;
        std::swap(forged.client, forged.server);
        for (const bool before : {true, false}) {
            Inspection flow;
            if (before)
                flow.packet(forged.syn_ack());
            flow.packet(flow.connection.syn());
            if (!before)
                flow.packet(forged.syn_ack());
            flow.packet(flow.connection.syn_ack());
            CHECK(flow.inspector().client() == flow.client_direction());
            flow.from_client(0, zoom);
            CHECK(flow.findings().server_name == "us05web.zoom.us");
        }
    }

    TEST_CASE("data before the first SYN is none of its connection's") {
        Inspection flow;
        flow.from_client(0, visio);
        flow.handshake();
        CHECK(flow.findings().ending == Ending::open);
        flow.from_client(0, zoom);
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a spoofed SYN between the handshake and the ClientHello makes nothing ambiguous") {
        Inspection flow;
        flow.packet(flow.connection.syn());  // its SYN-ACK did not come to user space
        wire::Connection spoofed = flow.connection;
        spoofed.client_start = 777777;
        flow.packet(spoofed.syn());
        CHECK(flow.inspector().wants_acknowledgements());
        flow.from_client(0, visio);
        CHECK(flow.findings().server_name == "visio-x.gouv.fr");
        CHECK(flow.findings().doubtful);
        flow.packet(flow.connection.acknowledge(visio.size()));
        CHECK_FALSE(flow.inspector().awaits_answer());
    }

    TEST_CASE("data behind two SYNs of one client is ambiguous, whichever comes first") {
        for (const bool decoy_first : {true, false}) {
            Inspection flow;
            flow.packet(flow.connection.syn());
            wire::Connection decoy = flow.connection;
            decoy.client_start = 777777;
            flow.packet(decoy.syn());
            flow.packet((decoy_first ? decoy : flow.connection).from_client(0, visio));
            flow.packet((decoy_first ? flow.connection : decoy).from_client(0, zoom));
            CHECK(flow.findings().ending == Ending::ambiguous);
        }
    }

    TEST_CASE(
        "a ServerHello before the end of the ClientHello: it was not read as the server did") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, part(zoom, 0, 60));
        flow.from_server(0, Buffer{22, 3, 3, 0, 40, 2, 0, 0, 36, 3, 3});
        CHECK(flow.findings().ending == Ending::unreadable);
        CHECK(flow.findings().unreadable == Unreadable::incomplete);
    }
}
