#include "classifiers/inspection/inspector.hpp"

#include <doctest/doctest.h>

#include "tests/unit/inspection.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

std::ptrdiff_t at(std::size_t offset) {
    return static_cast<std::ptrdiff_t>(offset);
}

Buffer part(const Buffer& stream, std::size_t first, std::size_t last) {
    return {stream.begin() + at(first), stream.begin() + at(last)};
}

}  // namespace

TEST_SUITE("inspector") {
    TEST_CASE("a ClientHello in one segment names the flow") {
        Inspection flow;
        flow.handshake();
        flow.from_client(
            0,
            wire::in_records(wire::client_hello({.alpn = "h2", .encrypted_client_hello = true})));
        CHECK(flow.findings().ending == Ending::named);
        CHECK(flow.findings().server_name == "us05web.zoom.us");
        CHECK(flow.findings().application == Application::tls);
        CHECK(flow.findings().alpn == "h2");
        CHECK(flow.findings().encrypted_client_hello);
        REQUIRE(flow.findings().evidence.size() == 1);
        CHECK(flow.findings().evidence[0].kind == EvidenceKind::tls_sni);
        CHECK(flow.findings().evidence[0].value == "us05web.zoom.us");
        CHECK(flow.findings().evidence[0].packet == 3);
        CHECK_FALSE(flow.inspector().midstream());
        CHECK(flow.inspector().awaits_answer());
    }

    TEST_CASE("a ClientHello cut in two at any octet names the flow, in either order") {
        const Buffer stream = wire::client_stream();
        for (std::size_t cut = 1; cut < stream.size(); ++cut) {
            CAPTURE(cut);
            Inspection in_order;
            in_order.handshake();
            in_order.from_client(0, part(stream, 0, cut));
            REQUIRE(in_order.inspector().open());
            in_order.from_client(cut, part(stream, cut, stream.size()));
            REQUIRE(in_order.findings().server_name == "us05web.zoom.us");
            Inspection swapped;
            swapped.handshake();
            swapped.from_client(cut, part(stream, cut, stream.size()));
            REQUIRE(swapped.inspector().open());
            swapped.from_client(0, part(stream, 0, cut));
            REQUIRE(swapped.findings().server_name == "us05web.zoom.us");
            swapped.packet(swapped.connection.acknowledge(stream.size()));
            REQUIRE(swapped.budget_used() == 0);
        }
    }

    TEST_CASE("a first segment that comes twice, and a last one that comes first, do no harm") {
        const Buffer stream = wire::client_stream();
        Inspection flow;
        flow.handshake();
        flow.from_client(0, part(stream, 0, 80));
        flow.from_client(0, part(stream, 0, 80));
        flow.from_client(0, part(stream, 0, 40));
        CHECK(flow.inspector().open());
        flow.from_client(80, part(stream, 80, stream.size()));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
        CHECK(flow.findings().evidence[0].packet == 6);
    }

    TEST_CASE("three segments, the middle one first, name the flow") {
        const Buffer stream = wire::client_stream();
        Inspection flow;
        flow.handshake();
        flow.from_client(40, part(stream, 40, 90));
        flow.from_client(0, part(stream, 0, 40));
        CHECK(flow.inspector().open());
        flow.from_client(90, part(stream, 90, stream.size()));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a ClientHello over TLS records of 50 octets, one segment each, names the flow") {
        const Buffer stream = wire::in_records(wire::client_hello({.padding = 600}), 50);
        Inspection flow;
        flow.handshake();
        for (std::size_t offset = 0; offset < stream.size(); offset += 55)
            flow.from_client(offset, part(stream, offset, std::min(offset + 55, stream.size())));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("data in the SYN is the start of the stream") {
        const Buffer stream = wire::client_stream();
        Inspection whole;
        whole.packet(whole.connection.syn(stream));
        CHECK(whole.findings().server_name == "us05web.zoom.us");
        CHECK(whole.findings().evidence[0].packet == 1);

        Inspection first_part;
        first_part.packet(first_part.connection.syn(part(stream, 0, 60)));
        first_part.packet(first_part.connection.syn_ack(60));
        first_part.from_client(60, part(stream, 60, stream.size()));
        CHECK(first_part.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("data in the SYN that the server did not take comes again") {
        const Buffer stream = wire::client_stream();
        Inspection flow;
        flow.packet(flow.connection.syn(part(stream, 0, 60)));
        flow.packet(flow.connection.syn_ack(0));
        flow.from_client(0, part(stream, 0, 70));
        flow.from_client(70, part(stream, 70, stream.size()));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a retransmission of the SYN changes nothing") {
        const Buffer stream = wire::client_stream();
        Inspection flow;
        flow.packet(flow.connection.syn());
        flow.packet(flow.connection.syn());
        flow.from_client(0, part(stream, 0, 60));
        flow.packet(flow.connection.syn());
        flow.from_client(60, part(stream, 60, stream.size()));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("without a handshake the first data is taken as the start") {
        const Buffer stream = wire::client_stream();
        Inspection flow;
        flow.from_client(0, part(stream, 0, 60));
        CHECK(flow.inspector().midstream());
        CHECK_FALSE(flow.inspector().client());
        flow.from_client(60, part(stream, 60, stream.size()));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
        CHECK(flow.inspector().client() == flow.client_direction());
    }

    TEST_CASE("the SYN-ACK alone tells who the client is") {
        Inspection flow;
        flow.packet(flow.connection.syn_ack());
        CHECK(flow.inspector().client() == flow.client_direction());
        CHECK_FALSE(flow.inspector().midstream());
        flow.from_client(0, wire::client_stream());
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("sequence numbers that wrap inside the ClientHello do no harm") {
        const Buffer stream = wire::client_stream();
        Inspection flow;
        flow.connection.client_start = 0xffffffd0;
        flow.handshake();
        flow.from_client(90, part(stream, 90, stream.size()));
        flow.from_client(0, part(stream, 0, 90));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("10 000 one-octet segments name the flow within bounded memory") {
        const Buffer stream = wire::in_records(wire::client_hello({.padding = 10'000}));
        REQUIRE(stream.size() > 10'000);
        Inspection flow;
        flow.handshake();
        std::size_t most = 0;
        for (std::size_t i = 0; i < stream.size(); ++i) {
            flow.from_client(i, part(stream, i, i + 1));
            most = std::max(most, flow.budget_used());
        }
        CHECK(flow.findings().server_name == "us05web.zoom.us");
        CHECK(most < 20'000);
        flow.packet(flow.connection.acknowledge(stream.size()));
        CHECK(flow.budget_used() == 0);
    }

    TEST_CASE("a ClientHello of 64 KiB is read from segments in reverse order") {
        const std::size_t records = 4;
        const std::size_t fixed = wire::client_hello({.padding = 1}).size() - 1;
        const Buffer stream = wire::in_records(
            wire::client_hello({.padding = TcpStream::capacity - records * 5 - fixed}));
        REQUIRE(stream.size() == TcpStream::capacity);
        Inspection flow;
        flow.handshake();
        for (std::size_t end = stream.size(); end > 0;) {
            const std::size_t size = std::min<std::size_t>(1448, end);
            flow.from_client(end - size, part(stream, end - size, end));
            end -= size;
        }
        CHECK(flow.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a ClientHello without a name tells that the flow is TLS, and nothing more") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, wire::in_records(wire::client_hello({.server_name = ""})));
        CHECK(flow.findings().application == Application::tls);
        CHECK(flow.findings().server_name.empty());
        CHECK_FALSE(flow.findings().error);
        CHECK(flow.findings().evidence.empty());
    }

    TEST_CASE("another protocol ends the inspection at its first words") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, wire::text("SSH-2.0-OpenSSH_9.2\r\n"));
        CHECK(flow.findings().ending == Ending::nothing_more);
        CHECK(flow.findings().application == Application::unknown);
        CHECK_FALSE(flow.findings().error);
    }

    TEST_CASE("a protocol that octroi does not look into ends the inspection at once") {
        Inspection flow;
        flow.packet(
            wire::ip(flow.connection.client, flow.connection.server, 47, wire::text("GRE")));
        CHECK(flow.findings().ending == Ending::nothing_more);
    }

    TEST_CASE("packets after the ending and its answer change nothing") {
        Inspection flow;
        flow.handshake();
        flow.from_client(0, wire::client_stream());
        flow.packet(flow.connection.acknowledge(wire::client_stream().size()));
        flow.from_client(0, wire::client_stream("visio.numerique.gouv.fr"));
        CHECK(flow.findings().server_name == "us05web.zoom.us");
        CHECK(flow.findings().ending == Ending::named);
    }
}
