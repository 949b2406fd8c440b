// What an allowlist holds back, and whose word opens it.
#include <doctest/doctest.h>

#include "daemon/engine/pipeline.hpp"
#include "tests/unit/dns_wire.hpp"
#include "tests/unit/dtls_wire.hpp"
#include "tests/unit/gate.hpp"
#include "tests/unit/quic_wire.hpp"
#include "tests/unit/stun_wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

const Endpoint client = wire::endpoint("10.0.0.1", 50000);
const Endpoint server = wire::endpoint("198.51.100.1", 443);
const Endpoint resolver = wire::endpoint("10.0.0.53", 53);
const Endpoint peer = wire::endpoint("192.0.2.7", 40000);  // to which dns_wire::answer() points

std::string allowlist(std::string_view more = "", std::string_view defaults = "") {
    return "octroi: 1\n"
           "defaults: {action: reject, believe: acknowledged" +
           std::string(defaults) +
           "}\n"
           "zones: {interior: [10.0.0.0/8]}\n"
           "exceptions: {table_full: drop}\n" +
           std::string(more) +
           "rules:\n"
           "  - {name: state-tools, when: {service: visio}, then: accept}\n"
           "  - {name: lookups, when: {protocol: DNS, port: 53}, then: accept}\n";
}

Buffer datagram(const Endpoint& from, const Endpoint& to, Bytes payload) {
    return wire::ip(from, to, 17, wire::udp(from.port, to.port, payload));
}

bool passes(const Pipeline::Step& step) {
    return step.verdict == pass() || step.verdict.mark.state == MarkState::accept ||
           step.verdict.mark.state == MarkState::watch;
}

// A lookup of a name, and its answer.
bool looks_up(Gate& gate, std::string_view name) {
    const Buffer answer = dns_wire::answer(name);
    const bool asked = passes(gate(datagram(client, resolver, dns_wire::question_of(answer))));
    return passes(gate(datagram(resolver, client, answer))) && asked;
}

// The start of a call by WebRTC between two endpoints, up to its last step.
Pipeline::Step call(Gate& gate, const Endpoint& caller) {
    using namespace dtls_wire;
    std::ignore = gate(datagram(caller, peer, stun_wire::check()));
    std::ignore = gate(datagram(caller, peer, whole(client_hello, Buffer(80, 1))));
    std::ignore = gate(datagram(peer, caller, whole(server_hello, Buffer(80, 1))));
    Pipeline::Step step;
    const Buffer rtp = wire::Fields().u8(0x80).u8(98).fill(60, 0x33).take();
    for (int i = 0; i < 8; ++i)
        step = gate(datagram(caller, peer, rtp));
    return step;
}

// A TLS connection for Visio, to the point where its server has taken the request or not.
void open_visio(Gate& gate, bool answered) {
    const wire::Connection web{.client = client, .server = server};
    const Buffer hello = wire::client_stream("visio.numerique.gouv.fr");
    if (!answered) {
        std::ignore = gate(web.syn(hello));
        return;
    }
    std::ignore = gate(web.syn());
    std::ignore = gate(web.syn_ack());
    std::ignore = gate(web.from_client(0, hello));
    std::ignore = gate(web.acknowledge(hello.size()));
}

}  // namespace

TEST_SUITE("boundary") {
    TEST_CASE("what is under way passes for the time of grace, counted, and not after it") {
        Gate gate(allowlist("", ", midstream_grace_minutes: 15"));
        const auto under_way = [&](std::uint16_t port) {
            const wire::Connection old{.client = wire::endpoint("10.0.0.1", port),
                                       .server = server};
            Pipeline::Step step;
            for (std::size_t i = 0; i < 20 && !step.record(); ++i)
                step = gate(old.from_client(100 * i, Buffer(100, 0x51)));
            return step;
        };
        CHECK(passes(under_way(50001)));
        gate.now += std::chrono::minutes(14);
        CHECK(passes(under_way(50002)));
        CHECK(gate.exceptions("midstream", "accept") == 2);
        gate.now += std::chrono::minutes(2);
        CHECK_FALSE(passes(under_way(50003)));
        CHECK(gate.exceptions("midstream", "reject") == 1);
    }

    TEST_CASE("a flow that is not decided moves no more than the policy says") {
        Gate gate(allowlist("", ", undecided_kib: 4"));
        const Buffer junk(1000, 0x55);
        for (int i = 0; i < 4; ++i)
            CHECK(passes(gate(datagram(client, peer, junk))));
        CHECK_FALSE(passes(gate(datagram(client, peer, junk))));
        CHECK(gate.exceptions("unclassified", "reject") == 1);
    }

    TEST_CASE("a request that goes on and on is unreadable, and no unknown flow") {
        Gate gate(allowlist("", ", undecided_kib: 4"));
        const wire::Connection web{.client = client, .server = server};
        const Buffer hello =
            wire::in_records(wire::client_hello_with(wire::extension(21, Buffer(9000, 0))), 16384);
        std::ignore = gate(web.syn());
        std::ignore = gate(web.syn_ack());
        Pipeline::Step step;
        for (std::size_t at = 0; at < 5000; at += 1000)
            step = gate(web.from_client(at, Bytes(hello).subspan(at, 1000)));
        CHECK_FALSE(passes(step));
        CHECK(gate.exceptions("unreadable", "reject") == 1);
    }

    TEST_CASE("a name that no server takes carries nothing through") {
        Gate gate(allowlist("", ", undecided_kib: 4"));
        CHECK(passes(gate(datagram(
            client, server,
            wire::initial(
                {}, wire::crypto_frame(
                        0, wire::client_hello({.server_name = "visio.numerique.gouv.fr"})))))));
        Buffer short_header(1200, 0x40);
        Pipeline::Step step;
        for (int i = 0; i < 4; ++i)
            step = gate(datagram(server, client, short_header));
        CHECK_FALSE(passes(step));
        CHECK_FALSE(passes(gate(datagram(client, server, short_header))));
    }

    TEST_CASE("on a lookup's ports nothing passes but DNS") {
        Gate gate(allowlist());
        CHECK(looks_up(gate, "www.example.org"));
        CHECK_FALSE(passes(gate(datagram(client, resolver, wire::text("a tunnel")))));
        CHECK_FALSE(passes(gate(datagram(resolver, client, wire::text("its answer")))));
        CHECK(looks_up(gate, "www.example.net"));
    }

    TEST_CASE("where the rest is accepted, what is no DNS on a lookup's ports passes too") {
        Gate gate("{octroi: 1, rules: [{name: z, when: {service: zoom}, then: reject}]}");
        CHECK(looks_up(gate, "www.example.org"));
        CHECK(passes(gate(datagram(client, resolver, wire::text("whatever")))));
    }

    TEST_CASE("the answer of any resolver opens nothing, that of a named one does") {
        const auto opened_by = [](std::string_view resolvers) {
            Gate gate(allowlist(resolvers));
            REQUIRE(looks_up(gate, "visio.numerique.gouv.fr"));
            Pipeline::Step step;
            for (int i = 0; i < 40; ++i)
                step = gate(datagram(client, peer, Buffer(60, 0x33)));
            return passes(step);
        };
        CHECK_FALSE(opened_by(""));
        CHECK_FALSE(opened_by("resolvers: [10.0.0.54]\n"));
        CHECK(opened_by("resolvers: [10.0.0.53]\n"));
        CHECK(opened_by("lists: {r: [10.0.0.0/24]}\nresolvers: $r\n"));
    }

    TEST_CASE("the answer of any resolver is counted where the flow passes anyhow") {
        Gate gate(
            "{octroi: 1, rules: [{name: state-tools, when: {service: visio}, then: accept}]}");
        REQUIRE(looks_up(gate, "visio.numerique.gouv.fr"));
        Pipeline::Step step;
        for (int i = 0; i < 40 && !step.record(); ++i)
            step = gate(datagram(client, peer, Buffer(60, 0x33)));
        REQUIRE(step.record());
        CHECK(step.record()->service == "visio");
    }

    TEST_CASE("a realm that only the client has said opens nothing") {
        const auto opened = [](bool by_server) {
            Gate gate(
                "{octroi: 1, defaults: {action: reject}, "
                "rules: [{name: a, when: {service: visio}, then: accept}]}");
            const Buffer says = stun_wire::message(by_server ? 0x0113 : 0x0003, 0x0014,
                                                   wire::text("turn.visio.numerique.gouv.fr"));
            std::ignore =
                gate(datagram(client, peer, stun_wire::message(0x0003, 0x0019, {17, 0, 0, 0})));
            std::ignore =
                gate(by_server ? datagram(peer, client, says) : datagram(client, peer, says));
            Pipeline::Step step;
            for (int i = 0; i < 40; ++i)
                step = gate(datagram(client, peer, Buffer(60, 0x33)));
            return passes(step);
        };
        CHECK(opened(true));
        CHECK_FALSE(opened(false));
    }

    TEST_CASE("what comes in the server's name from the client's side is no answer") {
        const auto opened = [](std::uint32_t answered_by) {
            Gate gate(allowlist());
            const wire::Connection web{.client = client, .server = server};
            const Buffer hello = wire::client_stream("visio.numerique.gouv.fr");
            const auto from_inside = [&](const Buffer& packet) {
                gate.input_interface = 1;
                gate.output_interface = 2;
                return gate(packet);
            };
            std::ignore = from_inside(web.syn());
            gate.input_interface = 2;
            gate.output_interface = 1;
            std::ignore = gate(web.syn_ack());
            std::ignore = from_inside(web.from_client(0, hello));
            gate.input_interface = answered_by;
            gate.output_interface = 1;
            return gate(web.acknowledge(hello.size())).verdict.mark.state == MarkState::accept;
        };
        CHECK(opened(2));
        CHECK_FALSE(opened(1));
    }

    TEST_CASE("a flow begins where it crosses, whatever turned back before") {
        Gate gate(allowlist());
        gate.input_interface = 1;
        gate.output_interface = 1;
        std::ignore = gate(datagram(server, client, wire::text("in the server's name")));
        gate.output_interface = 2;
        const auto step = gate(datagram(client, server, wire::text("the first")));
        REQUIRE(step.flow != nullptr);
        CHECK(step.flow->packets == 1);
        CHECK(step.flow->key.source(step.flow->first) == client);
    }

    TEST_CASE("what would be done is what enforcing does, with a guess too") {
        const Endpoint caller = wire::endpoint("10.0.0.1", 51000);
        Gate monitor(
            "{octroi: 1, defaults: {mode: monitor}, zones: {ministry: [10.0.0.0/8]}, rules: "
            "[{name: a, when: {service: visio}, "
            "then: "
            "accept}, {name: meetings, when: {application: webrtc-call}, then: reject}]}");
        open_visio(monitor, true);
        const auto step = call(monitor, caller);
        CHECK(passes(step));
        CHECK(monitor.counted("octroi_flows_total", {{"service", "visio"},
                                                     {"zone", "ministry"},
                                                     {"action", "accept"},
                                                     {"would", "accept"}}) == 2);
    }

    TEST_CASE("an ICMP error quotes no more than its RFC says") {
        const auto error = [](std::size_t quoted) {
            return wire::ip(
                wire::endpoint("198.51.100.1", 0), wire::endpoint("10.0.0.1", 0), 1,
                wire::icmp(3, 0, wire::join(wire::Connection{}.syn(), Buffer(quoted, 0x77))));
        };
        Gate gate(allowlist());
        CHECK(gate(error(400)).verdict == pass());
        CHECK(gate(error(1000)).verdict == discard());
        Gate open("{octroi: 1, rules: []}");
        CHECK(open(error(1000)).verdict == pass());
    }

    TEST_CASE("a full table lets nothing in") {
        Gate gate(allowlist(), {.flows = {.limit = 1}});
        std::ignore = gate(datagram(client, peer, wire::text("the only one")));
        CHECK(gate(datagram(wire::endpoint("10.0.0.1", 50001), peer, wire::text("one more")))
                  .verdict == discard());
    }

    TEST_CASE("a call of nobody is a webrtc-call, and a rule may refuse it") {
        Gate gate(
            "{octroi: 1, rules: [{name: meetings, when: {application: webrtc-call}, "
            "then: reject}]}");
        const auto step = call(gate, client);
        CHECK(step.verdict.mark.state == MarkState::reject);
        Gate other(
            "{octroi: 1, rules: [{name: meetings, when: {application: webrtc-call}, "
            "then: reject}]}");
        Pipeline::Step plain;
        for (int i = 0; i < 8; ++i)
            plain = other(datagram(client, peer, Buffer(60, 0x80)));
        CHECK(passes(plain));
    }

    TEST_CASE("a call to nobody's address passes while its client talks to a state tool") {
        const Endpoint caller = wire::endpoint("10.0.0.1", 51000);
        Gate talking(allowlist());
        open_visio(talking, true);
        CHECK(passes(call(talking, caller)));
        Gate called(allowlist());
        open_visio(called, true);
        std::ignore = called(datagram(peer, caller, stun_wire::check()));
        CHECK(passes(call(called, caller)));
        Gate alone(allowlist());
        CHECK_FALSE(passes(call(alone, caller)));
        Gate unanswered(allowlist());
        open_visio(unanswered, false);
        CHECK_FALSE(passes(call(unanswered, caller)));
        Gate of_another(allowlist());
        open_visio(of_another, true);
        CHECK_FALSE(passes(call(of_another, wire::endpoint("10.0.0.2", 51000))));
        Gate long_ago(allowlist());
        open_visio(long_ago, true);
        long_ago.now += std::chrono::minutes(61);
        CHECK_FALSE(passes(call(long_ago, caller)));
    }

    TEST_CASE("a guess refuses nothing, and a rule may decline it") {
        const Endpoint caller = wire::endpoint("10.0.0.1", 51000);
        Gate refusing(
            "{octroi: 1, rules: [{name: r, when: {service: visio, port: 40000}, "
            "then: reject}, {name: a, when: {service: visio}, then: accept}]}");
        open_visio(refusing, true);
        CHECK(passes(call(refusing, caller)));
        Gate declining(
            "{octroi: 1, defaults: {action: reject}, rules: [{name: a, when: "
            "{service: visio, strength: {not: guessed}}, then: accept}]}");
        open_visio(declining, true);
        CHECK_FALSE(passes(call(declining, caller)));
    }
}
