#include "daemon/engine/pipeline.hpp"

#include <doctest/doctest.h>

#include "tests/unit/gate.hpp"
#include "tests/unit/quic_wire.hpp"

using namespace octroi;
using wire::Connection;

namespace {

constexpr std::string_view refuse_zoom =
    "octroi: 1\n"
    "zones: {exempt: {networks: [10.9.0.0/16]}, ministry: {networks: [10.0.0.0/8]}}\n"
    "rules:\n"
    "  - {name: exempted, when: {zone: exempt}, then: accept}\n"
    "  - {name: no-zoom, when: {service: zoom}, then: reject, reason: Visio takes its place}\n"
    "exceptions: {malformed: drop, ambiguous: drop}\n";

constexpr std::string_view watch_zoom =
    "octroi: 1\n"
    "defaults: {mode: monitor}\n"
    "rules: [{name: no-zoom, when: {service: zoom}, then: reject}]\n"
    "exceptions: {malformed: drop, ambiguous: drop}\n";

const Connection ordinary = {.server = wire::endpoint("198.51.100.1", 443)};
const Connection to_zoom = {.server = wire::endpoint("170.114.52.2", 443)};

Mark decision(MarkState state, ServiceId service) {
    return {.state = state, .generation = 1, .service = service};
}

Labels flow_labels(const std::string& service, const std::string& zone, const std::string& action,
                   const std::string& would) {
    return {{"service", service}, {"zone", zone}, {"action", action}, {"would", would}};
}

}  // namespace

TEST_SUITE("pipeline") {
    TEST_CASE("a flow is refused at the last octet of its ClientHello, not before") {
        Gate gate(refuse_zoom);
        CHECK(gate(ordinary.syn()).verdict == pass());
        CHECK(gate(ordinary.syn_ack()).verdict == pass());
        CHECK(gate(ordinary.from_client(0, {})).verdict == pass());
        const wire::Buffer stream = wire::client_stream();
        const Bytes whole = stream;
        CHECK(gate(ordinary.from_client(0, whole.first(60))).verdict == pass());
        const auto step = gate(ordinary.from_client(60, whole.subspan(60)));
        CHECK(step.verdict.mark == decision(MarkState::reject, 1));
        REQUIRE(step.record());
        CHECK(step.record()->service == "zoom");
        CHECK(step.record()->category == "video-conferencing");
        CHECK(step.record()->strength == Strength::observed);
        CHECK(step.record()->server_name == "us05web.zoom.us");
        CHECK(step.record()->action == Action::reject);
        CHECK(step.record()->would == Action::reject);
        CHECK(step.record()->rule == "no-zoom");
        CHECK(step.record()->reason == "Visio takes its place");
        CHECK(step.record()->rule_line == 5);
        CHECK(step.record()->zone == "ministry");
        CHECK(step.record()->decided_at_packet == 5);
        CHECK(step.record()->source == ordinary.client);
        REQUIRE(step.record()->evidence.size() == 1);
        CHECK(step.record()->evidence[0].kind == EvidenceKind::tls_sni);
    }

    TEST_CASE("a refused flow is counted once, with its packets") {
        Gate gate(refuse_zoom);
        static_cast<void>(gate(ordinary.syn()));
        static_cast<void>(gate(ordinary.syn_ack()));
        for (int i = 0; i < 3; ++i) {  // packets that were already in the queue
            const auto step = gate(ordinary.from_client(0, wire::client_stream()));
            CHECK(step.verdict.mark == decision(MarkState::reject, 1));
            CHECK((step.record() != nullptr) == (i == 0));
        }
        const Labels labels = flow_labels("zoom", "ministry", "reject", "reject");
        CHECK(gate.counted("octroi_flows_total", labels) == 1);
        CHECK(gate.counted("octroi_flow_packets_total", labels) == 3);
        CHECK(gate.counted("octroi_evidence_total",
                           {{"kind", "tls_sni"}, {"strength", "observed"}}) == 1);
        CHECK(gate.packets("ipv4", "pass") == 2);
        CHECK(gate.packets("ipv4", "reject") == 3);
        CHECK(gate.counted("octroi_flow_table_entries", {{"worker", "0"}}) == 1);
    }

    TEST_CASE("how many packets and how long a decision took is counted once a flow") {
        Gate gate(refuse_zoom);
        static_cast<void>(gate(ordinary.syn()));
        static_cast<void>(gate(ordinary.syn_ack()));
        gate.now += std::chrono::milliseconds(30);
        for (int i = 0; i < 2; ++i)  // the second was already in the queue
            static_cast<void>(gate(ordinary.from_client(0, wire::client_stream())));
        const auto packets = gate.histogram("octroi_decision_packets");
        CHECK(packets.counts[2] == 1);  // three packets
        CHECK(packets.sum == 3);
        CHECK(gate.histogram("octroi_decision_delay_seconds").sum == doctest::Approx(0.03));
    }

    TEST_CASE("a clock that was set back makes no delay negative") {
        Gate gate(refuse_zoom);
        static_cast<void>(gate(ordinary.syn()));
        gate.now -= std::chrono::hours(1);
        static_cast<void>(gate(ordinary.from_client(0, wire::client_stream())));
        CHECK(gate.histogram("octroi_decision_delay_seconds").counts[0] == 1);
    }

    TEST_CASE("a flow to an exclusive address is refused at its SYN") {
        Gate gate(refuse_zoom);
        const auto step = gate(to_zoom.syn());
        CHECK(step.verdict.mark == decision(MarkState::reject, 1));
        REQUIRE(step.record());
        CHECK(step.record()->strength == Strength::certain);
        CHECK(step.record()->decided_at_packet == 1);
        REQUIRE(step.record()->evidence.size() == 1);
        CHECK(step.record()->evidence[0].kind == EvidenceKind::address);
        CHECK(step.record()->evidence[0].value == "170.114.52.2");
        CHECK(gate.counted("octroi_evidence_total",
                           {{"kind", "address"}, {"strength", "certain"}}) == 1);
    }

    TEST_CASE("an exclusive IPv6 address is refused at its first UDP packet") {
        Gate gate(refuse_zoom);
        const auto step = gate(wire::ip(wire::endpoint("2001:db8::1", 50000),
                                        wire::endpoint("2407:30c0::1", 8801), 17,
                                        wire::udp(50000, 8801, wire::text("media"))));
        CHECK(step.verdict.mark == decision(MarkState::reject, 1));
        CHECK(gate.packets("ipv6", "reject") == 1);
        CHECK(gate.counted("octroi_packet_bytes_total",
                           {{"family", "ipv6"}, {"verdict", "reject"}}) == 53);
    }

    TEST_CASE("a name does not outweigh the exclusive address of another service") {
        Gate gate(
            "octroi: 1\n"
            "rules: [{name: visio, when: {service: visio}, then: accept},\n"
            "        {name: no-zoom, when: {service: zoom}, then: reject}]\n");
        const auto step = gate(to_zoom.syn(wire::client_stream("visio.numerique.gouv.fr")));
        CHECK(step.verdict.mark == decision(MarkState::reject, 1));
    }

    TEST_CASE("another flow is accepted when its name is known, and named unknown") {
        Gate gate(refuse_zoom);
        CHECK(gate(ordinary.syn()).verdict == pass());
        const wire::Buffer stream = wire::client_stream("www.example.org");
        CHECK(gate(ordinary.from_client(0, stream)).verdict == watch());
        const auto step = gate(ordinary.acknowledge(stream.size()));
        CHECK(step.verdict.mark == decision(MarkState::accept, no_service));
        REQUIRE(step.record());
        CHECK(step.record()->service.empty());
        CHECK(step.record()->rule.empty());
        CHECK_FALSE(step.record()->exception);
        CHECK(gate.counted("octroi_flows_total",
                           flow_labels("unknown", "ministry", "accept", "accept")) == 1);
    }

    TEST_CASE(
        "a SYN on the ports of a refused connection is one of its own, once the server took it") {
        const wire::Buffer hello = wire::client_stream("www.example.org");
        for (const bool remembered : {true, false}) {
            Gate gate(refuse_zoom);
            if (remembered) {
                static_cast<void>(gate(ordinary.syn()));
                static_cast<void>(gate(ordinary.from_client(0, wire::client_stream())));
            }
            Connection next = ordinary;
            next.client_start = 77'000;
            gate.mark = Gate::layout.encode(decision(MarkState::reject, 1));
            CHECK(gate(next.syn()).verdict == watch());
            gate.mark = Gate::layout.encode({.state = MarkState::watch});
            CHECK(gate(next.syn_ack()).verdict == pass());
            CHECK(gate(next.from_client(0, hello)).verdict == watch());
            CHECK(gate(next.acknowledge(hello.size())).verdict.mark ==
                  decision(MarkState::accept, no_service));
        }
    }

    TEST_CASE(
        "a SYN on the ports of a refused connection that the server did not take is a decoy") {
        Gate gate(refuse_zoom);
        gate.mark = Gate::layout.encode(decision(MarkState::reject, 1));
        CHECK(gate(ordinary.syn()).verdict == watch());
        gate.mark = Gate::layout.encode({.state = MarkState::watch});
        const auto step = gate(ordinary.from_client(0, wire::client_stream("www.example.org")));
        CHECK(step.verdict.mark == decision(MarkState::drop, no_service));
    }

    TEST_CASE("monitor mode lets pass what it would refuse, and counts it so") {
        Gate gate(watch_zoom);
        CHECK(gate(ordinary.syn()).verdict == pass());
        const auto step = gate(ordinary.from_client(0, wire::client_stream()));
        CHECK(step.verdict.mark == decision(MarkState::accept, 1));
        REQUIRE(step.record());
        CHECK(step.record()->action == Action::accept);
        CHECK(step.record()->would == Action::reject);
        CHECK(step.record()->rule == "no-zoom");
        CHECK(gate.counted("octroi_flows_total", flow_labels("zoom", "none", "accept", "reject")) ==
              1);
    }

    TEST_CASE("an accepted flow is an event where its rule says `log`, and else is not") {
        const auto accepted = [](const std::string& fields) {
            Gate gate("octroi: 1\nrules: [{name: seen, when: {service: zoom}, then: accept" +
                      fields + "}]\n");
            static_cast<void>(gate(ordinary.syn()));
            auto step = gate(ordinary.from_client(0, wire::client_stream()));
            REQUIRE(step.record());
            CHECK(step.record()->action == Action::accept);
            CHECK(step.record()->rule == "seen");
            return *step.record();
        };
        CHECK(is_event(accepted(", log: true")));
        CHECK(is_event(accepted(", log: true, mode: monitor")));
        CHECK_FALSE(is_event(accepted("")));
        CHECK_FALSE(is_event(accepted(", log: false")));
    }

    TEST_CASE("an accepted flow leaves when its service is settled, so that its use is counted") {
        const Connection exempted = {.client = wire::endpoint("10.9.0.1", 50000)};
        Gate gate(refuse_zoom);
        CHECK(gate(exempted.syn()).verdict == pass());
        CHECK(gate(exempted.syn_ack()).verdict == pass());
        const auto step = gate(exempted.from_client(0, wire::client_stream()));
        CHECK(step.verdict.mark == decision(MarkState::accept, 1));
        REQUIRE(step.record());
        CHECK(step.record()->rule == "exempted");
        CHECK(gate.counted("octroi_flows_total",
                           flow_labels("zoom", "exempt", "accept", "accept")) == 1);
    }

    TEST_CASE("under observe: decided an accepted flow leaves at the decision") {
        const Connection exempted = {.client = wire::endpoint("10.9.0.1", 50000)};
        Gate gate(refuse_zoom, {.observe = Observe::decided});
        const auto step = gate(exempted.syn());
        CHECK(step.verdict.mark == decision(MarkState::accept, no_service));
        REQUIRE(step.record());
        CHECK(step.record()->decided_at_packet == 1);
    }

    TEST_CASE("an accepted flow to an exclusive address leaves at its SYN") {
        Connection exempted = to_zoom;
        exempted.client = wire::endpoint("10.9.0.1", 50000);
        Gate gate(refuse_zoom);
        CHECK(gate(exempted.syn()).verdict.mark == decision(MarkState::accept, 1));
    }

    TEST_CASE("a service that verifies its address is permitted by name and address together") {
        constexpr std::string_view only_bastion =
            "octroi: 1\n"
            "defaults: {action: drop}\n"
            "rules: [{name: bastion, when: {service: bastion}, then: accept}]\n"
            "exceptions: {unclassified: drop, midstream: drop}\n";
        Gate gate(only_bastion);
        CHECK(gate(ordinary.syn(wire::client_stream("bastion.gouv.fr"))).verdict.mark ==
              decision(MarkState::drop, 9));
        const Connection own = {.server = wire::endpoint("203.0.113.7", 443)};
        const wire::Buffer stream = wire::client_stream("bastion.gouv.fr");
        CHECK(gate(own.syn(stream)).verdict == watch());
        const auto step = gate(own.syn_ack(static_cast<std::uint32_t>(stream.size())));
        CHECK(step.verdict.mark == decision(MarkState::accept, 9));
        REQUIRE(step.record());
        CHECK(step.record()->strength == Strength::certain);
    }

    TEST_CASE("a new QUIC connection on the ports of a decided one is judged by its own name") {
        Gate gate(
            "octroi: 1\n"
            "defaults: {believe: sent}\n"
            "zones: {ministry: {networks: [10.0.0.0/8]}}\n"
            "rules: [{name: no-zoom, when: {service: zoom}, then: reject}]\n");
        const auto initial = [](std::string_view connection, const std::string& name) {
            return wire::ip(
                ordinary.client, ordinary.server, 17,
                wire::udp(ordinary.client.port, 443,
                          wire::initial(
                              {.destination = wire::text(connection)},
                              wire::crypto_frame(0, wire::client_hello({.server_name = name})))));
        };
        CHECK(gate(initial("first id", "visio.numerique.gouv.fr")).verdict.mark ==
              decision(MarkState::accept, 4));
        CHECK(gate(initial("first id", "visio.numerique.gouv.fr")).verdict.mark ==
              decision(MarkState::accept, 4));
        CHECK(gate(initial("next one", "zoom.us")).verdict.mark == decision(MarkState::reject, 1));
        CHECK(gate(initial("last one", "visio.numerique.gouv.fr")).verdict.mark ==
              decision(MarkState::accept, 4));
        CHECK(gate.counted("octroi_flows_total",
                           flow_labels("visio", "ministry", "accept", "accept")) == 2);
    }

    TEST_CASE("a new connection on the same ports is judged anew") {
        Gate gate(refuse_zoom);
        Connection reused = ordinary;
        const wire::Buffer stream = wire::client_stream("www.example.org");
        CHECK(gate(reused.syn(stream)).verdict == watch());
        CHECK(gate(reused.syn_ack(static_cast<std::uint32_t>(stream.size()))).verdict.mark ==
              decision(MarkState::accept, no_service));
        reused.client_start = 123456;
        CHECK(gate(reused.syn()).verdict == pass());
        CHECK(gate(reused.from_client(0, wire::client_stream())).verdict.mark ==
              decision(MarkState::reject, 1));
    }

    TEST_CASE("the client of a flow under way is the side inside a zone, else the high port") {
        Gate gate(refuse_zoom);
        const auto record_of = [&](const Connection& connection) {
            for (std::size_t i = 0; i < 7; ++i)
                CHECK(gate(connection.from_server(10 * i, wire::text("0123456789"))).verdict ==
                      pass());
            const auto step = gate(connection.from_server(70, wire::text("0123456789")));
            REQUIRE(step.record());
            return *step.record();
        };
        CHECK(record_of(ordinary).zone == "ministry");
        // Outside every zone: port 443 serves, so 170.114.52.2 is the server and zoom's.
        Connection outside = to_zoom;
        outside.client = wire::endpoint("192.0.2.55", 50000);
        CHECK(gate(outside.from_server(0, wire::text("x"))).verdict.mark ==
              decision(MarkState::reject, 1));
    }

    TEST_CASE("the evidence names the service's own address when the service calls in") {
        Gate gate(refuse_zoom);
        const Connection incoming = {.client = wire::endpoint("170.114.52.2", 50000),
                                     .server = wire::endpoint("192.0.2.80", 443)};
        const auto step = gate(incoming.syn());
        CHECK(step.verdict.mark == decision(MarkState::reject, 1));
        REQUIRE(step.record());
        REQUIRE(step.record()->evidence.size() == 1);
        CHECK(step.record()->evidence[0].value == "170.114.52.2");
    }

    TEST_CASE("the decision does not depend on when the flow leaves") {
        const std::string_view policies[] = {refuse_zoom, watch_zoom};
        for (const std::string_view policy : policies)
            for (const char* client : {"10.9.0.1", "10.0.0.1", "192.0.2.1"})
                for (const char* server : {"198.51.100.1", "170.114.52.2"})
                    for (const char* name :
                         {"us05web.zoom.us", "visio.numerique.gouv.fr", "x.fr"}) {
                        const Connection connection = {.client = wire::endpoint(client, 50000),
                                                       .server = wire::endpoint(server, 443)};
                        std::vector<Action> actions;
                        for (const Observe observe :
                             {Observe::decided, Observe::full, Observe::to_end}) {
                            Gate gate(policy, {.observe = observe});
                            static_cast<void>(gate(connection.syn()));
                            static_cast<void>(gate(connection.syn_ack()));
                            const wire::Buffer stream = wire::client_stream(name);
                            auto step = gate(connection.from_client(0, stream));
                            if (step.verdict == watch())
                                step = gate(connection.acknowledge(stream.size()));
                            REQUIRE(step.flow != nullptr);
                            REQUIRE(step.flow->verdict);
                            actions.push_back(
                                static_cast<Action>(static_cast<int>(step.verdict.mark.state) - 2));
                        }
                        CAPTURE(client);
                        CAPTURE(server);
                        CAPTURE(name);
                        CHECK(actions[0] == actions[1]);
                        CHECK(actions[1] == actions[2]);
                    }
    }

    TEST_CASE("concluding a flow decides with what is not known taken as false") {
        Gate gate(refuse_zoom);
        const auto step = gate(ordinary.syn());
        REQUIRE(step.flow != nullptr);
        std::vector<FlowRecord> records;
        gate.pipeline().flows().for_each(
            [&](Flow& flow) { records.push_back(gate.pipeline().conclude(flow, gate.ruleset())); });
        REQUIRE(records.size() == 1);
        CHECK(records[0].action == Action::accept);
        CHECK(records[0].exception == Exception::unclassified);
        CHECK(records[0].zone == "ministry");
    }
}

TEST_SUITE("pipeline: what the server takes") {
    const Connection live = ordinary;

    // An accepted connection, as the kernel knows it.
    void accept(Gate & gate) {
        const wire::Buffer stream = wire::client_stream("visio.numerique.gouv.fr");
        static_cast<void>(gate(live.syn()));
        static_cast<void>(gate(live.from_client(0, stream)));
        REQUIRE(gate(live.acknowledge(stream.size())).verdict.mark ==
                decision(MarkState::accept, 4));
        gate.mark = Gate::layout.encode(decision(MarkState::accept, 4));
    }

    TEST_CASE("a name that could be refused refuses at once, and permits with the answer") {
        Gate gate(refuse_zoom);
        static_cast<void>(gate(live.syn()));
        CHECK(gate(live.from_client(0, wire::client_stream())).verdict.mark ==
              decision(MarkState::reject, 1));
    }

    TEST_CASE("a name waits for no answer where no rule could refuse it") {
        Connection elsewhere = live;
        elsewhere.client = wire::endpoint("192.0.2.55", 50000);
        Gate gate(
            "octroi: 1\n"
            "zones: {pilot: [10.20.0.0/16]}\n"
            "rules: [{name: no-zoom, when: {zone: pilot, service: zoom}, then: reject}]\n");
        static_cast<void>(gate(elsewhere.syn()));
        CHECK(gate(elsewhere.from_client(0, wire::client_stream())).verdict.mark ==
              decision(MarkState::accept, 1));
    }

    TEST_CASE("where what is sent is believed only what is doubtful waits") {
        Gate gate(
            "octroi: 1\n"
            "defaults: {believe: sent}\n"
            "rules: [{name: no-zoom, when: {service: zoom}, then: reject}]\n");
        const wire::Buffer stream = wire::client_stream("www.example.org");
        static_cast<void>(gate(live.syn()));
        CHECK(gate(live.from_client(0, stream)).verdict.mark.state == MarkState::accept);
        Connection doubtful = live;
        doubtful.client.port = 50'001;
        CHECK(gate(doubtful.syn(stream)).verdict == watch());
    }

    TEST_CASE("a spoofed SYN changes nothing for an accepted connection") {
        Gate gate(refuse_zoom);
        accept(gate);
        Connection spoofed = live;
        spoofed.client_start = 555'555;
        CHECK(gate(spoofed.syn()).verdict == watch_over(decision(MarkState::accept, 4)));
        gate.mark = Gate::layout.encode(watch_over(decision(MarkState::accept, 4)).mark);
        // The connection goes on, and what a decoy behind the SYN holds is not read.
        CHECK(gate(live.from_client(500, wire::text("data"))).verdict ==
              watch_over(decision(MarkState::accept, 4)));
        CHECK(gate(spoofed.from_client(0, wire::client_stream())).verdict ==
              watch_over(decision(MarkState::accept, 4)));
        gate.now += std::chrono::seconds(65);
        CHECK(gate(live.from_server(500, wire::text("data"))).verdict.mark ==
              decision(MarkState::accept, 4));
    }

    TEST_CASE("a new connection on the ports of an accepted one is judged when it is answered") {
        Gate gate(refuse_zoom);
        accept(gate);
        Connection next = live;
        next.server_start = 70'000;  // the same number of the client: it comes from a reset one
        CHECK(gate(next.syn()).verdict == watch_over(decision(MarkState::accept, 4)));
        gate.mark = Gate::layout.encode(watch_over(decision(MarkState::accept, 4)).mark);
        CHECK(gate(next.syn_ack()).verdict == watch());
        gate.mark = Gate::layout.encode(watch().mark);
        CHECK(gate(next.from_client(0, wire::client_stream())).verdict.mark ==
              decision(MarkState::reject, 1));
    }

    TEST_CASE("a SYN with a refused name on the ports of an accepted one is refused alone") {
        Gate gate(refuse_zoom);
        accept(gate);
        CHECK(gate(live.syn(wire::client_stream())).verdict == discard());
        CHECK(gate(live.syn(wire::client_stream())).verdict == discard());
    }

    TEST_CASE("what conntrack calls INVALID decides nothing and brings nothing through") {
        Gate gate(refuse_zoom);
        static_cast<void>(gate(live.syn()));
        gate.mark = Gate::layout.encode({.state = MarkState::invalid});
        CHECK(gate(live.from_client(0, wire::client_stream("www.example.org"))).verdict ==
              discard());
        CHECK(gate(live.acknowledge(10)).verdict == pass());
        CHECK(gate.counted("octroi_invalid_packets_total", {{"verdict", "drop"}}) == 1);
        gate.mark = 0;
        CHECK(gate(live.from_client(0, wire::client_stream())).verdict.mark ==
              decision(MarkState::reject, 1));
    }

    TEST_CASE("INVALID packets of an unknown flow make none, and addresses still decide") {
        Gate gate(refuse_zoom);
        gate.mark = Gate::layout.encode({.state = MarkState::invalid});
        CHECK(gate(live.from_client(0, wire::text("junk"))).verdict == pass());
        CHECK(gate(to_zoom.from_client(0, wire::text("junk"))).verdict == discard());
        CHECK(gate.pipeline().flows().size() == 0);
    }

    TEST_CASE("what could not be read is refused where a rule could refuse it") {
        const wire::Buffer unreadable = wire::client_stream("no name");
        const auto verdict_on = [&](const Connection& connection) {
            Gate gate(
                "octroi: 1\n"
                "zones: {pilot: [10.0.0.0/16]}\n"
                "rules: [{name: no-zoom, when: {zone: pilot, service: zoom}, then: drop}]\n");
            static_cast<void>(gate(connection.syn()));
            return gate(connection.from_client(0, unreadable)).verdict.mark.state;
        };
        Connection elsewhere = live;
        elsewhere.client = wire::endpoint("192.0.2.55", 50000);
        CHECK(verdict_on(live) == MarkState::reject);
        CHECK(verdict_on(elsewhere) == MarkState::accept);
    }
}
