#include "daemon/engine/flow_hints.hpp"

#include <doctest/doctest.h>

#include "classifiers/inspection/workspace.hpp"
#include "tests/unit/dns_wire.hpp"
#include "tests/unit/gate.hpp"
#include "tests/unit/quic_wire.hpp"
#include "tests/unit/stun_wire.hpp"

using namespace octroi;
using namespace octroi::dns_wire;

namespace {

constexpr ServiceId zoom = 1;
constexpr ServiceId visio = 4;

const Endpoint client = wire::endpoint("10.0.0.1", 50000);
const Endpoint server = wire::endpoint("192.0.2.7", 8801);
const Endpoint resolver = wire::endpoint("192.0.2.53", 53);

const Gate gate("{octroi: 1, rules: [], zones: {ministry: [10.0.0.0/8]}}");

// A flow after its first packet.
Flow flow_of(const Endpoint& from, const Endpoint& to, Protocol protocol, Bytes payload = {}) {
    const Buffer bytes = wire::ip(from, to, static_cast<std::size_t>(protocol),
                                  protocol == Protocol::udp
                                      ? wire::udp(from.port, to.port, payload)
                                      : wire::tcp({.source = from.port, .destination = to.port}));
    const Packet packet = decode_packet(bytes, {.time = gate.now}).value();
    Flow flow;
    flow.key = packet.key;
    flow.first = packet.direction;
    flow.packets = 1;
    flow.first_seen = gate.now;
    flow.last_seen = gate.now;
    flow.newest = packet.context;
    flow.newest_direction = packet.direction;
    flow.inspector = std::make_unique<Inspector>();
    Workspace workspace(1UL << 16U);
    flow.inspector->inspect(packet, 1, workspace);
    return flow;
}

// What a client's memory holds after a DNS answer on a flow to the resolver, where it asked so.
void after_answer(ClientMemory& memory, const Buffer& response, const Buffer& question,
                  const Endpoint& asks = client, const Endpoint& answers = resolver) {
    DnsQuestions questions;
    const Flow flow = flow_of(asks, answers, Protocol::udp, question);
    const auto take = [&](const Buffer& packet) {
        remember_names(memory, questions, flow, decode_packet(packet, {.time = gate.now}).value(),
                       gate.ruleset());
    };
    take(wire::ip(asks, answers, 17, wire::udp(asks.port, answers.port, question)));
    take(wire::ip(answers, asks, 17, wire::udp(answers.port, asks.port, response)));
}

void after_answer(ClientMemory& memory, const Buffer& response) {
    after_answer(memory, response, question_of(response));
}

ServiceId resolved(const ClientMemory& memory, const Flow& flow) {
    return recall(memory, flow, gate.ruleset()).resolved;
}

// What is known of another flow from the client's port, after one was found to be of Zoom.
ServiceId learned(EvidenceKind decisive, Strength strength, Protocol protocol = Protocol::udp,
                  bool client_began = true) {
    ClientMemory memory;
    Flow flow =
        client_began ? flow_of(client, server, protocol) : flow_of(server, client, protocol);
    Evaluation evaluation;
    evaluation.parties.client = client;
    evaluation.parties.server = server;
    evaluation.identification = {.service = gate.ruleset().catalogue->find("zoom"),
                                 .strength = strength,
                                 .decisive = decisive,
                                 .settled = true};
    remember_service(memory, flow, evaluation, gate.ruleset());
    const Flow other = flow_of(client, wire::endpoint("198.51.100.9", 3478), Protocol::udp);
    return recall(memory, other, gate.ruleset()).same_endpoint;
}

}  // namespace

TEST_SUITE("flow hints") {
    TEST_CASE("an address of an answer belongs to the service of its name, for that client") {
        ClientMemory memory;
        after_answer(memory, answer("us05web.zoom.us"));
        CHECK(resolved(memory, flow_of(client, server, Protocol::tcp)) == zoom);
        CHECK(resolved(memory, flow_of(wire::endpoint("10.0.0.2", 50000), server, Protocol::tcp)) ==
              no_service);
        CHECK(resolved(memory, flow_of(client, wire::endpoint("192.0.2.8", 443), Protocol::tcp)) ==
              no_service);
    }

    TEST_CASE("an IPv4 address of an answer is the same host behind NAT64") {
        const Endpoint client_6 = wire::endpoint("2001:db8::1", 50000);
        const Endpoint resolver_6 = wire::endpoint("2001:db8::53", 53);
        ClientMemory memory;
        const Buffer response = answer("us05web.zoom.us");
        after_answer(memory, response, question_of(response), client_6, resolver_6);
        const auto to = [&](std::string_view address) {
            return resolved(memory, flow_of(client_6, wire::endpoint(address, 443), Protocol::tcp));
        };
        CHECK(to("64:ff9b::c000:207") == zoom);
        CHECK(to("64:ff9b::c000:208") == no_service);
    }

    TEST_CASE("it does so whichever side speaks first") {
        ClientMemory memory;
        after_answer(memory, answer("us05web.zoom.us"));
        CHECK(resolved(memory, flow_of(server, client, Protocol::udp)) == zoom);
    }

    TEST_CASE("it does so as long as the record lives") {
        ClientMemory memory;
        after_answer(memory, answer("us05web.zoom.us"));
        Flow later = flow_of(client, server, Protocol::tcp);
        later.last_seen = gate.now + std::chrono::seconds(299);
        CHECK(resolved(memory, later) == zoom);
        later.last_seen = gate.now + std::chrono::hours(48);
        CHECK(resolved(memory, later) == no_service);
    }

    TEST_CASE("a server is whose it was asked for by name, unless a rule accepts that service") {
        const auto taught = [&](std::string_view name, std::string_view policy, bool answered) {
            Gate asked(policy);
            const wire::Connection web{.client = client,
                                       .server = wire::endpoint("192.0.2.7", 443)};
            const Buffer hello = wire::client_stream(name);
            std::ignore = asked(web.syn(answered ? Buffer() : hello));
            if (answered) {
                std::ignore = asked(web.syn_ack());
                std::ignore = asked(web.from_client(0, hello));
            }
            Flow media = flow_of(client, server, Protocol::udp);
            media.last_seen = asked.now;
            return resolved(*asked.pipeline_memory(), media);
        };
        constexpr std::string_view counted =
            "{octroi: 1, rules: [{name: r, when: {service: outer}, then: reject}]}";
        constexpr std::string_view accepted =
            "{octroi: 1, rules: [{name: r, when: {service: visio}, then: accept}, "
            "{name: s, when: {service: outer}, then: reject}]}";
        CHECK(taught("us05web.zoom.us", counted, true) == zoom);
        CHECK(taught("us05web.zoom.us", counted, false) == no_service);
        CHECK(taught("visio.numerique.gouv.fr", counted, true) == visio);
        CHECK(taught("us05web.zoom.us", accepted, true) == zoom);
        CHECK(taught("visio.numerique.gouv.fr", accepted, true) == no_service);
    }

    TEST_CASE("an address that was given for names of two services is nobody's") {
        ClientMemory memory;
        const Flow flow = flow_of(client, server, Protocol::tcp);
        after_answer(memory, answer("us05web.zoom.us"));
        after_answer(memory, answer("visio.numerique.gouv.fr"));
        CHECK(resolved(memory, flow) == no_service);
        after_answer(memory, answer("visio.numerique.gouv.fr"));
        CHECK(resolved(memory, flow) == no_service);
        after_answer(memory, answer("www.example.org"));  // which takes the place of all
        CHECK(resolved(memory, flow) == no_service);
        after_answer(memory, answer("visio.numerique.gouv.fr"));
        CHECK(resolved(memory, flow) == visio);
    }

    TEST_CASE("an answer to nothing that was asked in its flow tells nothing") {
        const Buffer response = answer("us05web.zoom.us");
        const Flow flow = flow_of(client, server, Protocol::tcp);
        Buffer other_id = question_of(response);
        other_id[1] ^= 1U;
        Buffer other_type = question_of(response);
        other_type[other_type.size() - 3] ^= 1U;
        for (const Buffer& question :
             {other_id, other_type, question_of(answer("us04web.zoom.us"))}) {
            ClientMemory memory;
            after_answer(memory, response, question);
            CHECK(resolved(memory, flow) == no_service);
        }
        // Asked in another flow.
        ClientMemory memory;
        DnsQuestions questions;
        const Buffer question = question_of(response);
        const Endpoint elsewhere{.address = client.address, .port = 50001};
        const Flow lookup = flow_of(client, resolver, Protocol::udp, question);
        for (const Buffer& packet :
             {wire::ip(elsewhere, resolver, 17, wire::udp(50001, 53, question)),
              wire::ip(resolver, client, 17, wire::udp(53, client.port, response))})
            remember_names(memory, questions, lookup,
                           decode_packet(packet, {.time = gate.now}).value(), gate.ruleset());
        CHECK(resolved(memory, flow) == no_service);
    }

    TEST_CASE("a name that this gateway refuses tells nothing") {
        const Gate refusing(
            "{octroi: 1, names: {refuse: true}, rules: [{name: z, when: {service: "
            "zoom}, then: reject}]}");
        const Buffer response = answer("us05web.zoom.us");
        const Buffer question = question_of(response);
        ClientMemory memory;
        DnsQuestions questions;
        const Flow lookup = flow_of(client, resolver, Protocol::udp, question);
        for (const Buffer& packet :
             {wire::ip(client, resolver, 17, wire::udp(client.port, 53, question)),
              wire::ip(resolver, client, 17, wire::udp(53, client.port, response))})
            remember_names(memory, questions, lookup,
                           decode_packet(packet, {.time = gate.now}).value(), refusing.ruleset());
        CHECK(resolved(memory, flow_of(client, server, Protocol::tcp)) == no_service);
    }

    TEST_CASE("an answer for a name of no service tells nothing") {
        ClientMemory memory;
        after_answer(memory, answer("www.example.org"));
        CHECK(resolved(memory, flow_of(client, server, Protocol::tcp)) == no_service);
    }

    TEST_CASE("what looks like an answer tells nothing in a flow of another protocol") {
        ClientMemory memory;
        const Flow flow = flow_of(client, server, Protocol::tcp);
        const Buffer packet = wire::ip(
            resolver, client, 17, wire::udp(resolver.port, client.port, answer("us05web.zoom.us")));
        DnsQuestions questions;
        remember_names(memory, questions, flow, decode_packet(packet, {.time = gate.now}).value(),
                       gate.ruleset());
        CHECK(resolved(memory, flow) == no_service);
    }

    TEST_CASE("a client's UDP port is in a call by the service's own framing or relay") {
        CHECK(learned(EvidenceKind::media, Strength::observed) == zoom);
        CHECK(learned(EvidenceKind::stun, Strength::observed) == zoom);
    }

    TEST_CASE("a client's UDP port is in no call by an address alone, a name or a guess") {
        CHECK(learned(EvidenceKind::address, Strength::certain) == no_service);
        CHECK(learned(EvidenceKind::quic_sni, Strength::observed) == no_service);
        CHECK(learned(EvidenceKind::media, Strength::guessed) == no_service);
    }

    TEST_CASE("a flow that somebody else began tells nothing of the client's port") {
        CHECK(learned(EvidenceKind::media, Strength::observed, Protocol::udp, false) == no_service);
    }

    TEST_CASE("a server that the client asked for by name is the service's for five minutes") {
        Gate other("{octroi: 1, rules: [], zones: {ministry: [10.0.0.0/8]}}");
        const auto memory = other.pipeline_memory();
        const wire::Connection c{.client = client, .server = server};
        std::ignore = other(c.syn());
        std::ignore = other(c.syn_ack());
        const Buffer hello = wire::client_stream("zoomfr1rwg.fr.zoom.us");
        std::ignore = other(c.from_client(0, hello));
        std::ignore = other(c.acknowledge(hello.size()));
        Flow media = flow_of(client, wire::endpoint("192.0.2.7", 9), Protocol::udp);
        media.last_seen = other.now + std::chrono::seconds(300);
        CHECK(resolved(*memory, media) == zoom);
        media.last_seen = other.now + std::chrono::seconds(301);
        CHECK(resolved(*memory, media) == no_service);
    }

    TEST_CASE("a peer that a client asks a service's relay for is in the same call") {
        const Endpoint relay = wire::endpoint("170.114.0.9", 3478);
        const Endpoint peer = wire::endpoint("198.51.100.44", 40000);
        const auto asked = [&](std::string_view policy, std::size_t type, Observe observe,
                               bool answers = true) {
            Gate other(policy, {.observe = observe});
            const auto memory = other.pipeline_memory();
            const auto send = [&](const Buffer& payload) {
                return other(
                    wire::ip(client, relay, 17, wire::udp(client.port, relay.port, payload)));
            };
            std::ignore =
                send(stun_wire::message(0x0003, 0x0019, {17, 0, 0, 0}));  // Allocate, over UDP
            if (answers)
                std::ignore = other(
                    wire::ip(relay, client, 17,
                             wire::udp(relay.port, client.port,
                                       stun_wire::message(0x0113, 0x0009, {0, 0, 4, 1}))));  // 401
            std::ignore = send(stun_wire::message(type, 0x0012, stun_wire::xor_peer(peer)));
            Flow direct = flow_of(wire::endpoint("10.0.0.1", 50123), peer, Protocol::udp);
            direct.last_seen = other.now;
            return recall(*memory, direct, other.ruleset()).same_endpoint;
        };
        constexpr std::string_view counted =
            "{octroi: 1, rules: [], zones: {ministry: [10.0.0.0/8]}}";
        constexpr std::string_view accepted =
            "{octroi: 1, rules: [{name: r, when: {service: zoom}, then: accept}], "
            "zones: {ministry: [10.0.0.0/8]}}";
        for (const Observe observe : {Observe::full, Observe::to_end}) {
            CHECK(asked(counted, 0x0008, observe) == zoom);        // CreatePermission
            CHECK(asked(counted, 0x0009, observe) == zoom);        // ChannelBind
            CHECK(asked(counted, 0x0001, observe) == no_service);  // Binding
            CHECK(asked(accepted, 0x0008, observe) == no_service);
            CHECK(asked(counted, 0x0008, observe, false) == no_service);
        }
    }

    TEST_CASE("a TCP port tells nothing of the UDP port of the same number") {
        CHECK(learned(EvidenceKind::media, Strength::observed, Protocol::tcp) == no_service);
    }
}
