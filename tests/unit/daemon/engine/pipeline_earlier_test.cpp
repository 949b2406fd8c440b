// What was on a flow's ports before, as the kernel tells it in the packet's mark.
#include <doctest/doctest.h>

#include "tests/unit/gate.hpp"
#include "tests/unit/quic_wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

constexpr std::string_view no_zoom =
    "octroi: 1\n"
    "rules:\n"
    "  - {name: no-zoom, when: {service: zoom}, then: reject}\n"
    "exceptions: {unreadable: reject, midstream: accept}\n";
constexpr std::string_view watching =
    "octroi: 1\n"
    "defaults: {mode: monitor}\n"
    "rules:\n"
    "  - {name: no-zoom, when: {service: zoom}, then: reject}\n";

const Endpoint client = wire::endpoint("10.0.0.1", 50000);
const Endpoint server = wire::endpoint("198.51.100.1", 443);

Buffer from_client(Bytes payload) {
    return wire::ip(client, server, 17, wire::udp(client.port, server.port, payload));
}

Buffer from_server(Bytes payload) {
    return wire::ip(server, client, 17, wire::udp(server.port, client.port, payload));
}

std::uint32_t mark_of(Mark mark) {
    return Gate::layout.encode(mark);
}

const Buffer conversation(60, 0x40);
const Mark accepted_visio{.state = MarkState::accept, .generation = 1, .service = 4};

Buffer initial_for(std::string_view name, const Buffer& destination) {
    return wire::initial(
        {.destination = destination},
        wire::crypto_frame(0, wire::client_hello({.server_name = std::string(name)})));
}

bool goes_on(const Pipeline::Step& step) {
    return step.verdict == watch_over(accepted_visio);
}

}  // namespace

TEST_SUITE("what was on the ports before") {
    TEST_CASE("a refused Initial on an accepted conversation's ports ends alone") {
        Gate gate(no_zoom);
        const Buffer id{1, 2, 3, 4, 5, 6, 7, 8};
        gate.mark = mark_of(accepted_visio);
        const auto refused = gate(from_client(initial_for("zoom.us", id)));
        CHECK(refused.verdict == discard());
        REQUIRE(refused.record());
        CHECK(refused.record()->action == Action::reject);
        gate.mark = mark_of({.state = MarkState::watch, .service = 4});
        CHECK(goes_on(gate(from_client(conversation))));
        CHECK(goes_on(gate(from_server(conversation))));
        const auto again = gate(from_client(initial_for("zoom.us", id)));
        CHECK(again.verdict == discard());
        CHECK_FALSE(again.record());
        const auto third = gate(from_client(initial_for("www.gouv.fr", {8, 7, 6, 5, 4, 3, 2, 1})));
        CHECK(third.verdict == decided(Action::accept, 1, no_service));
    }

    TEST_CASE("another ClientHello under the id of the accepted connection ends alone, each time") {
        Gate gate(no_zoom);
        const Buffer id{1, 2, 3, 4, 5, 6, 7, 8};
        REQUIRE(gate(from_client(initial_for("visio.numerique.gouv.fr", id))).verdict ==
                decided(Action::accept, 1, 4));
        gate.mark = mark_of(accepted_visio);
        CHECK(gate(from_client(initial_for("www.zoom.us", id))).verdict == discard());
        gate.mark = mark_of({.state = MarkState::watch, .service = 4});
        CHECK(gate(from_client(initial_for("www.zoom.us", id))).verdict == discard());
        CHECK(goes_on(gate(from_client(initial_for("visio.numerique.gouv.fr", id)))));
        CHECK(goes_on(gate(from_client(conversation))));
    }

    TEST_CASE("the conversation is the flow's again when a handshake would have ended") {
        Gate gate(no_zoom);
        gate.mark = mark_of(accepted_visio);
        std::ignore = gate(from_client(initial_for("zoom.us", {1, 2, 3, 4, 5, 6, 7, 8})));
        gate.mark = mark_of({.state = MarkState::watch, .service = 4});
        gate.now += std::chrono::seconds(65);
        CHECK(gate(from_client(conversation)).verdict == decided(Action::accept, 1, 4));
    }

    TEST_CASE("one that may pass is the flow's from then on") {
        Gate gate(no_zoom);
        gate.mark = mark_of(accepted_visio);
        const auto step = gate(from_client(initial_for("www.gouv.fr", {8, 7, 6, 5, 4, 3, 2, 1})));
        CHECK(step.verdict == decided(Action::accept, 1, no_service));
    }

    TEST_CASE("the word of an earlier conversation outlives the table") {
        Gate gate(no_zoom);
        gate.mark = mark_of({.state = MarkState::watch, .service = 4});
        CHECK(goes_on(gate(from_client(conversation))));
    }

    TEST_CASE("a connection that was forgotten is not midstream") {
        const Buffer hello = wire::client_stream("zoom.us");
        const auto outcome = [&](std::chrono::seconds since_start, MarkState state, Bytes data) {
            Gate gate(no_zoom);
            wire::Connection c;
            std::ignore = gate(from_client(wire::text("the daemon's first packet")));
            gate.now += since_start;
            gate.mark = mark_of({.state = state});
            Pipeline::Step step;
            for (std::size_t i = 0; i < 10 && step.verdict == Verdict(); ++i) {
                step = gate(c.from_client(100, data));
                if (step.verdict == pass() || step.verdict == watch())
                    step.verdict = Verdict();
            }
            return step.verdict.mark.state;
        };
        const Bytes second_half = Bytes(hello).subspan(100);
        constexpr std::chrono::seconds late(121);
        CHECK(outcome(late, MarkState::pass, second_half) == MarkState::reject);
        CHECK(outcome(late, MarkState::watch, second_half) == MarkState::accept);
        CHECK(outcome(late, MarkState::none, second_half) == MarkState::accept);
        // It may be from before the daemon.
        CHECK(outcome(std::chrono::seconds(100), MarkState::pass, second_half) ==
              MarkState::accept);
        CHECK(outcome(late, MarkState::pass, hello) == MarkState::reject);
    }

    TEST_CASE("a forgotten connection's whole request is read, behind a keep-alive too") {
        Gate gate(no_zoom);
        wire::Connection c;
        std::ignore = gate(from_client(wire::text("the daemon's first packet")));
        gate.now += std::chrono::seconds(121);
        gate.mark = mark_of({.state = MarkState::pass});
        const Buffer hello = wire::client_stream("www.gouv.fr");
        std::ignore = gate(c.from_client(99, wire::text("x")));
        std::ignore = gate(c.from_client(100, hello));
        const auto answered =
            gate(c.from_server(0, wire::Fields().u8(22).u16(0x0303).u16(4).u32(0x02000000).take()));
        CHECK(answered.verdict.mark.state != MarkState::reject);
    }

    TEST_CASE("somebody else's SYN on an established connection does not dispute it") {
        for (const std::uint32_t number : {77'000U, 1'000U}) {
            Gate gate(no_zoom);
            const wire::Connection c;
            std::ignore = gate(c.syn());
            wire::Connection forged = c;
            forged.client_start = number;  // the second is the client's own, repeated
            gate.mark = mark_of({.state = MarkState::established});
            CHECK(gate(forged.syn()).verdict == pass());
            gate.mark = mark_of({.state = MarkState::pass});
            const auto step = gate(c.from_client(0, wire::client_stream("www.gouv.fr")));
            CHECK(step.verdict == watch());
            gate.mark = mark_of({.state = MarkState::watch});
            CHECK(gate(c.acknowledge(wire::client_stream("www.gouv.fr").size())).verdict ==
                  decided(Action::accept, 1, no_service));
        }
    }

    TEST_CASE("a SYN that conntrack calls INVALID opens nothing, nor does such a datagram") {
        for (const bool enforce : {true, false}) {
            Gate gate(enforce ? no_zoom : watching);
            wire::Connection c;
            gate.mark = mark_of({.state = MarkState::invalid});
            const Verdict expected = enforce ? discard() : pass();
            CHECK(gate(c.syn()).verdict == expected);
            CHECK(gate(from_client(wire::text("any"))).verdict == expected);
            CHECK(gate(c.from_client(0, wire::text("any"))).verdict == pass());
        }
    }
}
