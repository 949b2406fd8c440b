#include "daemon/engine/dns_answer_filter.hpp"

#include <doctest/doctest.h>

#include "classifiers/dns/dns_message.hpp"
#include "tests/unit/dns_wire.hpp"
#include "tests/unit/gate.hpp"

using namespace octroi;
using namespace octroi::dns_wire;
using wire::Connection;

namespace {

constexpr std::string_view refuse_zoom =
    "octroi: 1\n"
    "names: {refuse: true}\n"
    "zones: {exempt: [10.9.0.0/16], ministry: [10.0.0.0/8]}\n"
    "rules:\n"
    "  - {name: exempted, when: {zone: exempt}, then: accept}\n"
    "  - {name: no-zoom, when: {service: zoom}, then: reject, reason: Visio takes its place}\n";

constexpr std::string_view strip_ech = "{octroi: 1, names: {strip_ech: true}, rules: []}";

const Endpoint client = wire::endpoint("10.0.0.1", 50000);
const Endpoint resolver = wire::endpoint("192.0.2.53", 53);

Buffer query(std::string_view name) {
    return message({.flags = 0x0100, .question = labels(name)});
}

// Where the payload of a datagram starts.
constexpr std::size_t in_datagram = 20 + 8;

Buffer datagram(const Endpoint& from, const Endpoint& to, const Buffer& payload) {
    return wire::ip(from, to, 17, wire::udp(from.port, to.port, payload));
}

Buffer part(Bytes bytes, std::size_t from) {
    const Bytes rest = bytes.subspan(from);
    return {rest.begin(), rest.end()};
}

/// What becomes of the answer to a client that asks `resolver`.
Pipeline::Step answered(Gate& gate, const Buffer& response, const Endpoint& asker = client) {
    const auto preamble = dns::read_preamble(response);
    static_cast<void>(gate(datagram(asker, resolver, query(preamble->name))));
    return gate(datagram(resolver, asker, response));
}

bool refuses(std::string_view policy, std::string_view name) {
    Gate gate(policy);
    return !answered(gate, answer(name)).rewritten.empty();
}

std::string rules(std::string_view list) {
    return "{octroi: 1, names: {refuse: true}, zones: {press: [10.30.0.0/16]}, rules: [" +
           std::string(list) + "]}";
}

double answers(const Gate& gate, std::string_view result) {
    return gate.counted("octroi_dns_answers_total", {{"result", std::string(result)}});
}

// RFC 1071: over a segment with its own checksum and its pseudo-header (RFC 768, RFC 9293 3.1).
std::size_t folded_sum(const Buffer& packet) {
    const Packet decoded = decode_packet(packet, {}).value();
    Buffer summed = wire::join(octets(to_string(decoded.source().address)),
                               octets(to_string(decoded.destination().address)));
    summed = wire::join(summed, wire::Fields()
                                    .u8(0)
                                    .u8(static_cast<std::size_t>(decoded.key.protocol()))
                                    .u16(decoded.segment.size())
                                    .take());
    summed = wire::join(summed, decoded.segment);
    if (summed.size() % 2 != 0)
        summed.push_back(0);
    std::size_t sum = 0;
    for (std::size_t i = 0; i < summed.size(); i += 2)
        sum += std::size_t{summed[i]} << 8U | summed[i + 1];
    while (sum > 0xffff)
        sum = (sum & 0xffffU) + (sum >> 16U);
    return sum;
}

Buffer with_ech(bool there) {
    const Buffer key = there ? parameter(5, Buffer(71, 0xec)) : parameter(0xff00, Buffer(71));
    return message({.question = labels("site.example"),
                    .answers = {{.type = https, .data = binding({0}, key)}},
                    .type = https});
}

}  // namespace

TEST_SUITE("name guard") {
    TEST_CASE("the answer to a refused name says that there is none") {
        Gate gate(refuse_zoom);
        const Buffer before = answer("us05web.zoom.us");
        const auto step = answered(gate, before);
        CHECK(step.verdict == pass());
        const Buffer after = part(step.rewritten, 0);
        REQUIRE(after.size() == in_datagram + before.size());
        const auto preamble = dns::read_preamble(part(after, in_datagram));
        REQUIRE(preamble);
        CHECK(preamble->code == 3);
        CHECK(preamble->name == "us05web.zoom.us");
        CHECK(preamble->answers == 0);
        CHECK(answers(gate, "refused") == 1);
        CHECK(answers(gate, "unchanged") == 0);
    }

    TEST_CASE("the packet around the answer stays, and its checksum is right") {
        for (const std::string_view address : {"10.0.0.1", "2001:db8::1"}) {
            CAPTURE(address);
            Gate gate(refuse_zoom);
            const Endpoint asker = wire::endpoint(address, 50000);
            const Endpoint asked =
                asker.address.is_v4() ? resolver : wire::endpoint("2001:db8::53", 53);
            static_cast<void>(gate(datagram(asker, asked, query("zoom.us"))));
            const Buffer packet = datagram(asked, asker, answer("zoom.us"));
            const Buffer after = part(gate(packet).rewritten, 0);
            const std::size_t header = asker.address.is_v4() ? 20 : 40;
            REQUIRE(after.size() == packet.size());
            CHECK(std::equal(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(header) + 6,
                             packet.begin()));
            CHECK(folded_sum(after) == 0xffff);
            CHECK(folded_sum(packet) != 0xffff);
        }
    }

    TEST_CASE("a refused name is told as an event") {
        Gate gate(refuse_zoom);
        const auto step = answered(gate, answer("us05web.zoom.us"));
        REQUIRE(step.record());
        const FlowRecord& record = *step.record();
        CHECK(record.time == gate.now);
        CHECK(record.source == client);
        CHECK(record.destination == resolver);
        CHECK(record.protocol == Protocol::udp);
        CHECK(record.zone == "ministry");
        CHECK(record.service == "zoom");
        CHECK(record.category == "video-conferencing");
        CHECK(record.strength == Strength::observed);
        CHECK(record.speaks == "DNS");
        CHECK(record.server_name == "us05web.zoom.us");
        CHECK(record.action == Action::reject);
        CHECK(record.would == Action::reject);
        CHECK(record.rule == "no-zoom");
        CHECK(record.reason == "Visio takes its place");
        CHECK(record.rule_line == 6);
        REQUIRE(record.evidence.size() == 1);
        CHECK(record.evidence[0].kind == EvidenceKind::dns);
        CHECK(record.evidence[0].value == "us05web.zoom.us");
    }

    TEST_CASE("other names, queries, errors and empty answers pass as they came") {
        Gate gate(refuse_zoom);
        for (const Buffer& response :
             {answer("visio.numerique.gouv.fr"), answer("notzoom.us"), answer("zoom.us.example"),
              message({.flags = 0x8183, .question = labels("zoom.us")}),     // NXDOMAIN
              message({.flags = 0x8182, .question = labels("zoom.us")})}) {  // SERVFAIL
            const auto step = answered(gate, response);
            CHECK(step.rewritten.empty());
            CHECK_FALSE(step.record());
        }
        CHECK(gate(datagram(client, resolver, query("zoom.us"))).rewritten.empty());
        CHECK(answers(gate, "unchanged") == 5);
        CHECK(answers(gate, "refused") == 0);
    }

    TEST_CASE("a client of an exempted zone gets its answer") {
        Gate gate(refuse_zoom);
        CHECK(
            answered(gate, answer("zoom.us"), wire::endpoint("10.9.0.1", 50000)).rewritten.empty());
        CHECK_FALSE(answered(gate, answer("zoom.us")).rewritten.empty());
        CHECK(answers(gate, "unchanged") == 1);
    }

    TEST_CASE("a zone by its interface is the one that the answer goes out through") {
        Gate gate(
            "{octroi: 1, names: {refuse: true}, zones: {guests: {interfaces: [eth7]}},"
            " rules: [{name: r, when: {zone: guests, service: zoom}, then: drop}]}");
        gate.bind_interface(7, 0);
        CHECK(answered(gate, answer("zoom.us")).rewritten.empty());
        gate.input_interface = 7;
        CHECK(answered(gate, answer("zoom.us")).rewritten.empty());
        gate.output_interface = 7;
        CHECK_FALSE(answered(gate, answer("zoom.us")).rewritten.empty());
    }

    TEST_CASE("monitor mode changes no answer") {
        Gate gate(
            "{octroi: 1, names: {refuse: true, strip_ech: true}, rules: ["
            "{name: r, when: {service: zoom}, then: reject, mode: monitor}]}");
        const auto step = answered(gate, answer("zoom.us"));
        CHECK(step.rewritten.empty());
        CHECK_FALSE(step.record());
        CHECK(answers(gate, "unchanged") == 1);
    }

    TEST_CASE("only a rule refuses a name, and only one that can speak before there is a flow") {
        CHECK(refuses(rules("{name: r, when: {service: zoom}, then: drop}"), "zoom.us"));
        CHECK(refuses(rules("{name: r, when: {name: example.org}, then: reject}"),
                      "www.example.org"));
        CHECK(refuses(rules("{name: r, when: {client: 10.0.0.1, name: org}, then: reject}"),
                      "www.example.org"));
        CHECK_FALSE(
            refuses("{octroi: 1, names: {refuse: true}, defaults: {action: drop}, rules: []}",
                    "www.example.org"));
        // The server, and what it will speak, are not known yet: such a rule waits, and so does
        // what stands behind it.
        for (const std::string_view open :
             {"port: 443", "transport: udp", "address: 170.114.0.0/16", "protocol: TLS",
              "application: Zoom"}) {
            CAPTURE(open);
            const std::string condition(open);
            CHECK_FALSE(
                refuses(rules("{name: r, when: {service: zoom, " + condition + "}, then: drop}"),
                        "zoom.us"));
            CHECK_FALSE(refuses(rules("{name: r, when: {" + condition + "}, then: accept}," +
                                      "{name: s, when: {service: zoom}, then: drop}"),
                                "zoom.us"));
        }
        // One that cannot match holds nothing back.
        CHECK(refuses(rules("{name: r, when: {zone: press, port: 443}, then: accept},"
                            "{name: s, when: {service: zoom}, then: drop}"),
                      "zoom.us"));
    }

    TEST_CASE("without `names` answers are not even looked at") {
        Gate gate("{octroi: 1, rules: [{name: r, when: {service: zoom}, then: reject}]}");
        const auto step = answered(gate, answer("zoom.us"));
        CHECK(step.rewritten.empty());
        CHECK(answers(gate, "unchanged") == 0);
    }

    TEST_CASE("ECH keys are taken out of every site's answers") {
        Gate gate(strip_ech);
        const auto step = answered(gate, with_ech(true));
        REQUIRE_FALSE(step.rewritten.empty());
        CHECK(part(step.rewritten, in_datagram) == with_ech(false));
        CHECK_FALSE(step.record());
        CHECK(answers(gate, "ech_stripped") == 1);
        CHECK(answered(gate, answer("site.example")).rewritten.empty());
        CHECK(answers(gate, "unchanged") == 1);
    }

    TEST_CASE("the same answer sent twice is rewritten twice alike") {
        Gate gate(strip_ech);
        const Buffer once = part(answered(gate, with_ech(true)).rewritten, 0);
        const Buffer twice = part(answered(gate, with_ech(true)).rewritten, 0);
        CHECK(once == twice);
        CHECK(answers(gate, "ech_stripped") == 2);
    }

    TEST_CASE("each key of `names` does its own part") {
        Gate refusing("{octroi: 1, names: {refuse: true}, rules: []}");
        CHECK(answered(refusing, with_ech(true)).rewritten.empty());
        Gate stripping(
            "{octroi: 1, names: {strip_ech: true},"
            " rules: [{name: r, when: {service: zoom}, then: reject}]}");
        CHECK(answered(stripping, answer("zoom.us")).rewritten.empty());
        Gate both(
            "{octroi: 1, names: {refuse: true, strip_ech: true},"
            " rules: [{name: r, when: {name: site.example}, then: reject}]}");
        static_cast<void>(answered(both, with_ech(true)));
        CHECK(answers(both, "refused") == 1);
        CHECK(answers(both, "ech_stripped") == 0);
    }

    TEST_CASE("later answers on the same ports are guarded as well") {
        Gate gate(refuse_zoom);
        static_cast<void>(answered(gate, answer("visio.numerique.gouv.fr")));
        gate.now += std::chrono::seconds(1);
        CHECK_FALSE(answered(gate, answer("zoom.us")).rewritten.empty());
        CHECK(answered(gate, answer("visio.numerique.gouv.fr")).rewritten.empty());
    }
}

TEST_SUITE("name guard over TCP") {
    const Connection connection = {.client = client, .server = resolver};

    // The client's handshake and query.
    void ask(Gate & gate, std::string_view name) {
        static_cast<void>(gate(connection.syn()));
        static_cast<void>(gate(connection.syn_ack()));
        static_cast<void>(gate(connection.from_client(0, prefixed(query(name)))));
    }

    constexpr std::size_t in_segment = 20 + 20;

    TEST_CASE("of two messages in one segment the refused one is rewritten alone") {
        const Buffer kept = prefixed(answer("visio.numerique.gouv.fr"));
        const Buffer zoom = prefixed(answer("zoom.us"));
        for (const bool zoom_first : {true, false}) {
            CAPTURE(zoom_first);
            Gate gate(refuse_zoom);
            ask(gate, "visio.numerique.gouv.fr");
            const Buffer stream = zoom_first ? wire::join(zoom, kept) : wire::join(kept, zoom);
            const Buffer packet = connection.from_server(0, stream);
            const auto step = gate(packet);
            const Buffer after = part(step.rewritten, 0);
            REQUIRE(after.size() == packet.size());
            const Packet decoded = decode_packet(after, {}).value();
            CHECK(decoded.tcp.sequence == connection.server_start + 1);
            const auto messages = dns::messages_in(decoded);
            REQUIRE(messages.size() == 2);
            CHECK(dns::read_preamble(messages[zoom_first ? 0 : 1])->code == 3);
            const Bytes untouched = messages[zoom_first ? 1 : 0];
            CHECK(std::ranges::equal(untouched, answer("visio.numerique.gouv.fr")));
            CHECK(folded_sum(after) == 0xffff);
            CHECK(answers(gate, "refused") == 1);
            CHECK(answers(gate, "unchanged") == 1);
            REQUIRE(step.record());
            CHECK(step.record()->protocol == Protocol::tcp);
        }
    }

    TEST_CASE("two refused messages are both rewritten") {
        Gate gate(refuse_zoom);
        ask(gate, "zoom.us");
        const Buffer packet = connection.from_server(
            0, wire::join(prefixed(answer("zoom.us")), prefixed(answer("eu.zoom.us"))));
        const Buffer after = part(gate(packet).rewritten, 0);
        const auto messages = dns::messages_in(decode_packet(after, {}).value());
        REQUIRE(messages.size() == 2);
        CHECK(dns::read_preamble(messages[0])->code == 3);
        CHECK(dns::read_preamble(messages[1])->code == 3);
        CHECK(answers(gate, "refused") == 2);
    }

    TEST_CASE("a message that goes on in the next segment is refused by its first") {
        Gate gate(refuse_zoom);
        ask(gate, "zoom.us");
        const Buffer stream = prefixed(
            message({.question = labels("zoom.us"),
                     .answers = std::vector<Record>(8, Record{.data = octets("192.0.2.7")})}));
        const Bytes first = Bytes(stream).first(70);
        const Buffer after = part(gate(connection.from_server(0, first)).rewritten, 0);
        REQUIRE(after.size() == in_segment + 70);
        CHECK(dns::read_preamble(part(after, in_segment + 2))->code == 3);
        CHECK(gate(connection.from_server(70, Bytes(stream).subspan(70))).rewritten.empty());
    }
}
