#include "daemon/engine/evaluation.hpp"

#include <doctest/doctest.h>

#include "tests/unit/dns_wire.hpp"
#include "tests/unit/gate.hpp"

using namespace octroi;
using wire::Connection;

namespace {

constexpr std::string_view refuse_zoom =
    "octroi: 1\n"
    "zones: {office: {networks: [10.0.0.0/8]}, guests: {interfaces: [eth7]}}\n"
    "rules: [{name: guests, when: {zone: guests}, then: accept},\n"
    "        {name: no-zoom, when: {service: zoom}, then: reject}]\n";

constexpr std::string_view allow_all = "octroi: 1\nrules: []\n";

// Only guests get out.
constexpr std::string_view guests_only =
    "octroi: 1\n"
    "zones: {guests: {interfaces: [eth7]}}\n"
    "defaults: {action: drop}\n"
    "rules: [{name: guests, when: {zone: guests}, then: accept}]\n"
    "exceptions: {unclassified: drop, midstream: drop, table_full: drop}\n";

constexpr std::uint32_t eth7 = 7;

std::uint32_t mark_of(MarkState state, std::uint8_t generation, ServiceId service) {
    return Gate::layout.encode({.state = state, .generation = generation, .service = service});
}

}  // namespace

TEST_SUITE("evaluation after a reload") {
    TEST_CASE("a flow that comes back with an old mark is decided by its service, uninspected") {
        Gate gate(allow_all);
        gate.reload(refuse_zoom);
        const Connection flow;
        gate.mark = mark_of(MarkState::accept, 1, 1);
        const auto step = gate(flow.from_client(5000, wire::text("application data")));
        CHECK(step.verdict.mark == Mark{.state = MarkState::reject, .generation = 2, .service = 1});
        CHECK(step.flow == nullptr);
        CHECK(gate.pipeline().flows().size() == 0);
        CHECK(gate.redecided("reject") == 1);
        CHECK(gate.counted("octroi_flows_total", {{"service", "zoom"},
                                                  {"zone", "office"},
                                                  {"action", "reject"},
                                                  {"would", "reject"}}) == 0);
    }

    TEST_CASE("a packet of the server brings the same decision") {
        Gate gate(allow_all);
        gate.reload(refuse_zoom);
        gate.mark = mark_of(MarkState::accept, 1, 1);
        CHECK(gate(Connection{}.from_server(5000, wire::text("data"))).verdict.mark ==
              Mark{.state = MarkState::reject, .generation = 2, .service = 1});
    }

    TEST_CASE("a flow that is no longer refused goes on") {
        Gate gate(refuse_zoom);
        gate.reload(allow_all);
        for (const MarkState state : {MarkState::drop, MarkState::reject}) {
            gate.mark = mark_of(state, 1, 1);
            CHECK(gate(Connection{}.from_client(5000, wire::text("data"))).verdict.mark ==
                  Mark{.state = MarkState::accept, .generation = 2, .service = 1});
        }
    }

    TEST_CASE("a service that the catalogue no longer knows is none") {
        Gate gate(refuse_zoom);
        gate.mark = mark_of(MarkState::accept, 63, 2047);
        CHECK(gate(Connection{}.from_client(5000, wire::text("data"))).verdict.mark ==
              Mark{.state = MarkState::accept, .generation = 1, .service = no_service});
    }

    TEST_CASE("an exclusive address decides again whatever service the mark names") {
        Gate gate(refuse_zoom);
        Connection to_zoom;
        to_zoom.server = wire::endpoint("170.114.52.2", 443);
        gate.mark = mark_of(MarkState::accept, 63, 1);
        CHECK(gate(to_zoom.from_client(5000, wire::text("data"))).verdict.mark.state ==
              MarkState::reject);
    }

    TEST_CASE("a mark of this packet only is not a decision") {
        Gate gate(refuse_zoom);
        gate.mark = mark_of(MarkState::pass, 0, 0) | 0xfffU;  // and other programs' bits
        CHECK(gate(Connection{}.syn()).verdict == pass());
        CHECK(gate.pipeline().flows().size() == 1);
    }

    TEST_CASE("a decided flow still in the table is decided again by its service") {
        Gate gate(allow_all);
        const Connection flow;
        CHECK(gate(flow.syn(wire::client_stream())).verdict.mark.state == MarkState::accept);
        gate.reload(refuse_zoom);
        const auto step = gate(flow.from_client(5000, wire::text("data")));
        CHECK(step.verdict.mark == Mark{.state = MarkState::reject, .generation = 2, .service = 1});
        CHECK(step.record());
        CHECK(gate.redecided("reject") == 1);
        CHECK(gate(flow.from_client(5004, wire::text("data"))).verdict == step.verdict);
        CHECK(gate.redecided("reject") == 1);
    }

    TEST_CASE("a datagram of DNS after a reload begins a flow, with all that rules may ask about") {
        Gate gate("octroi: 1\nrules: [{name: a, then: accept, when: {protocol: DNS}}]\n");
        const wire::Buffer question =
            wire::ip(wire::endpoint("10.0.0.1", 50000), wire::endpoint("192.0.2.53", 53), 17,
                     wire::udp(50000, 53, dns_wire::message({.flags = 0x0100})));
        CHECK(gate(question).verdict == pass());
        CHECK(gate(question).verdict == pass());
        CHECK(gate.pipeline().flows().size() == 1);
        gate.reload("octroi: 1\nrules: [{name: r, then: reject, when: {protocol: DNS}}]\n");
        CHECK(gate(question).verdict.mark.state == MarkState::reject);
        CHECK(gate.pipeline().flows().size() == 1);
        CHECK(gate.redecided("reject") == 0);
    }

    TEST_CASE("a flow still undecided is decided by the new policy") {
        Gate gate(allow_all);
        const Connection flow;
        CHECK(gate(flow.syn()).verdict == pass());
        gate.reload(refuse_zoom);
        CHECK(gate(flow.from_client(0, wire::client_stream())).verdict.mark ==
              Mark{.state = MarkState::reject, .generation = 2, .service = 1});
        CHECK(gate.redecided("reject") == 0);
    }
}

TEST_SUITE("evaluation by interface") {
    TEST_CASE("a client is in the zone of the interface that its packet came in through") {
        Gate gate(refuse_zoom);
        gate.bind_interface(eth7, 1);
        gate.input_interface = eth7;
        CHECK(gate(Connection{}.syn(wire::client_stream())).verdict.mark.state ==
              MarkState::accept);
        gate.input_interface = 8;
        Connection other;
        other.client = wire::endpoint("10.0.0.2", 50000);
        CHECK(gate(other.syn(wire::client_stream())).verdict.mark.state == MarkState::reject);
    }

    TEST_CASE("the interface of the server's packets is not the client's") {
        Gate gate(guests_only);
        gate.bind_interface(eth7, 0);
        const Connection flow;
        gate.input_interface = 8;
        static_cast<void>(gate(flow.syn()));
        gate.input_interface = eth7;  // the server happens to be behind it
        gate.output_interface = 8;
        static_cast<void>(gate(flow.syn_ack()));
        gate.input_interface = 8;
        CHECK(gate(flow.from_client(0, wire::client_stream("x.fr"))).verdict.mark.state ==
              MarkState::drop);
    }

    TEST_CASE("a client stays in its interface's zone when a packet of the server decides") {
        Gate gate(guests_only);
        gate.bind_interface(eth7, 0);
        const Connection flow;
        gate.input_interface = eth7;
        CHECK(gate(flow.syn()).verdict == pass());  // accepted, its service still to be settled
        gate.input_interface = 8;
        gate.output_interface = eth7;
        for (std::size_t i = 0; i < 20; ++i) {
            const auto step = gate(flow.from_server(i, wire::text("x")));
            REQUIRE(step.verdict.kind == Verdict::Kind::mark);
            REQUIRE(step.verdict.mark.state != MarkState::drop);
        }
    }

    TEST_CASE("a client stays in its interface's zone when a live flow is decided again") {
        Gate gate(guests_only);
        gate.bind_interface(eth7, 0);
        gate.reload(guests_only);
        gate.input_interface = eth7;
        gate.mark = mark_of(MarkState::accept, 1, no_service);
        CHECK(gate(Connection{}.from_client(5000, wire::text("data"))).verdict.mark.state ==
              MarkState::accept);
    }
}

TEST_SUITE("evaluation of a flow's shape") {
    std::string reject_when(std::string_view condition) {
        return "{octroi: 1, rules: [{name: r, then: reject, when: {" + std::string(condition) +
               "}}]}";
    }

    // What the ClientHello's packet is answered and told as, or the acknowledgement that it waits
    // for.
    Pipeline::Step after_hello(Gate & gate, const wire::Hello& hello) {
        const Connection flow;
        CHECK(gate(flow.syn()).verdict == pass());
        const wire::Buffer stream = wire::in_records(wire::client_hello(hello));
        auto step = gate(flow.from_client(0, stream));
        return step.verdict == watch() ? gate(flow.acknowledge(stream.size())) : std::move(step);
    }

    MarkState outcome(std::string_view condition, const wire::Hello& hello) {
        Gate gate(reject_when(condition));
        return after_hello(gate, hello).verdict.mark.state;
    }

    Pipeline::Step datagram(Gate & gate, std::uint16_t port, const wire::Buffer& payload) {
        return gate(wire::ip(wire::endpoint("10.0.0.1", 50000),
                             wire::endpoint("198.51.100.1", port), 17,
                             wire::udp(50000, port, payload)));
    }

    TEST_CASE("an encrypted ClientHello is told from GREASE by the outer name") {
        const wire::Hello used{.server_name = "ech.example", .encrypted_client_hello = true};
        const wire::Hello offered{.server_name = "site.example", .encrypted_client_hello = true};
        const wire::Hello plain{.server_name = "ech.example"};
        CHECK(outcome("ech: true", used) == MarkState::reject);
        CHECK(outcome("ech: true", offered) == MarkState::accept);
        CHECK(outcome("ech: true", plain) == MarkState::accept);
        CHECK(outcome("ech: false", used) == MarkState::accept);
        CHECK(outcome("ech: false", offered) == MarkState::reject);

        const auto told = [](const wire::Hello& hello) {
            Gate gate("{octroi: 1, rules: []}");
            return after_hello(gate, hello).record()->ech;
        };
        CHECK(told(used) == "used");
        CHECK(told(offered) == "offered");
        CHECK(told(plain).empty());
    }

    TEST_CASE("the fingerprint of the ClientHello is told") {
        Gate gate("{octroi: 1, rules: []}");
        const auto step = after_hello(gate, {.alpn = "h2"});
        REQUIRE(step.record());
        CHECK(step.record()->ja4.starts_with("t12d0102h2_"));
        CHECK(to_json_line(*step.record()).find(R"("ja4":"t12d0102h2_)") != std::string::npos);
    }

    TEST_CASE("over TCP the protocol is known with the ClientHello") {
        CHECK(outcome("protocol: TLS", {}) == MarkState::reject);
        CHECK(outcome("protocol: {not: TLS}", {}) == MarkState::accept);
        CHECK(outcome("protocol: [QUIC, STUN]", {}) == MarkState::accept);
    }

    TEST_CASE("over UDP the first datagram tells the protocol") {
        // RFC 8489 5: a Binding request without attributes.
        const wire::Buffer request =
            wire::Fields().u16(1).u16(0).u32(0x2112a442).fill(12, 0x33).take();
        Gate gate(reject_when("protocol: STUN"));
        CHECK(datagram(gate, 3478, request).verdict.mark.state == MarkState::reject);
        Gate other(reject_when("protocol: QUIC"));
        CHECK(datagram(other, 3478, request).verdict == pass());  // its service is not settled
    }

    TEST_CASE("a flow is unclassified when inspection has ended with nothing") {
        Gate gate(reject_when("unclassified: true"));
        const wire::Buffer noise(40, 0x5a);
        CHECK(datagram(gate, 40000, noise).verdict == pass());
        Verdict verdict = pass();
        for (int i = 0; i < 20 && verdict == pass(); ++i)
            verdict = datagram(gate, 40000, noise).verdict;
        CHECK(verdict.mark.state == MarkState::reject);
    }

    TEST_CASE("a flow with a service or a name is never unclassified") {
        Gate gate(reject_when("unclassified: true"));
        Connection to_zoom;
        to_zoom.server = wire::endpoint("170.114.52.2", 443);
        CHECK(gate(to_zoom.syn()).verdict.mark.state == MarkState::accept);
        CHECK(outcome("unclassified: true", {.server_name = "www.example.org"}) ==
              MarkState::accept);
        CHECK(outcome("unclassified: false", {.server_name = "www.example.org"}) ==
              MarkState::reject);
    }

    TEST_CASE("an address is certain at the first packet, a name observed at the ClientHello") {
        Gate gate(reject_when("strength: certain"));
        Connection to_zoom;
        to_zoom.server = wire::endpoint("170.114.52.2", 443);
        CHECK(gate(to_zoom.syn()).verdict.mark.state == MarkState::reject);
        CHECK(outcome("strength: certain", {}) == MarkState::accept);
        CHECK(outcome("strength: observed", {}) == MarkState::reject);
        CHECK(outcome("strength: none", {.server_name = "www.example.org"}) == MarkState::reject);
    }
}
