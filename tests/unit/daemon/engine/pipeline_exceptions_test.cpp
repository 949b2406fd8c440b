// Packets and flows on which there is nothing to decide.
#include <doctest/doctest.h>

#include "daemon/engine/pipeline.hpp"
#include "tests/unit/gate.hpp"

using namespace octroi;
using wire::Connection;

namespace {

// Every exception has an action of its own, so that a test sees which one acted.
constexpr std::string_view strict =
    "octroi: 1\n"
    "zones: {exempt: {networks: [10.9.0.0/16]}}\n"
    "rules:\n"
    "  - {name: exempted, when: {zone: exempt}, then: accept}\n"
    "  - {name: no-zoom, when: {service: zoom}, then: reject}\n"
    "exceptions: {malformed: drop, ambiguous: drop, midstream: reject, unclassified: drop, "
    "table_full: drop}\n";

const Connection ordinary = {.server = wire::endpoint("198.51.100.1", 443)};

wire::Buffer icmp_about_zoom(std::size_t type) {
    return wire::ip(wire::endpoint("10.0.0.1", 0), wire::endpoint("170.114.52.2", 0), 1,
                    wire::icmp(type, 0, Connection{}.syn()));
}

Connection numbered(std::uint16_t port) {
    return {.client = wire::endpoint("10.0.0.1", port)};
}

}  // namespace

TEST_SUITE("pipeline exceptions") {
    TEST_CASE("an ICMP error never decides, even from or to an exclusive address") {
        Gate gate(strict);
        for (const std::size_t type : {3U, 11U, 12U}) {
            const auto step = gate(icmp_about_zoom(type));
            CHECK(step.verdict == pass());
            CHECK(step.flow == nullptr);
            CHECK_FALSE(step.record());
        }
        CHECK(gate.pipeline().flows().size() == 0);
        CHECK(gate.packets("ipv4", "pass") == 3);
    }

    TEST_CASE("an ICMP echo to an exclusive address is a flow and is refused") {
        Gate gate(strict);
        CHECK(gate(icmp_about_zoom(8)).verdict.mark.state == MarkState::reject);
    }

    TEST_CASE("an ICMP error with the mark of a decided flow does not decide it again") {
        Gate gate(strict);
        gate.mark = Gate::layout.encode(
            {.state = MarkState::accept, .generation = 1, .service = no_service});
        CHECK(gate(icmp_about_zoom(3)).verdict == pass());
        CHECK(gate.redecided("accept") == 0);
    }

    TEST_CASE("a malformed packet is counted and meets the exception's action") {
        Gate gate(strict);
        const auto step = gate({0x45, 0x00});
        CHECK(step.malformed);
        CHECK(step.verdict == discard());
        CHECK(gate(wire::Buffer{}).verdict == discard());
        CHECK(gate({0x00}).verdict == discard());
        const auto errors = [&](const std::string& kind) {
            return gate.counted("octroi_parser_errors_total", {{"parser", "ip"}, {"kind", kind}});
        };
        CHECK(errors("truncated") == 2);
        CHECK(errors("not_ip") == 1);
        CHECK(gate.exceptions("malformed", "drop") == 3);
        CHECK(gate.packets("ipv4", "drop") == 1);
        CHECK(gate.packets("ipv6", "drop") == 2);
        CHECK(gate.pipeline().flows().size() == 0);
    }

    TEST_CASE("a malformed packet passes in monitor mode, and is counted so") {
        Gate gate(
            "octroi: 1\n"
            "defaults: {mode: monitor}\n"
            "rules: []\n"
            "exceptions: {malformed: drop}\n");
        CHECK(gate({0x45, 0x00}).verdict == pass());
        CHECK(gate.exceptions("malformed", "accept") == 1);
        CHECK(gate.exceptions("malformed", "drop") == 0);
    }

    TEST_CASE("TCP data that comes twice with other content is ambiguous") {
        Gate gate(strict);
        const wire::Buffer stream = wire::client_stream();
        const Bytes tail = Bytes(stream).subspan(60);
        static_cast<void>(gate(ordinary.syn()));
        CHECK(gate(ordinary.from_client(60, tail)).verdict == watch());
        const auto step = gate(ordinary.from_client(60, wire::Buffer(tail.size(), 'x')));
        CHECK(step.verdict.mark.state == MarkState::drop);
        REQUIRE(step.record());
        CHECK(step.record()->exception == Exception::ambiguous);
        CHECK(step.record()->rule.empty());
        CHECK(step.record()->server_name.empty());
        CHECK(gate.exceptions("ambiguous", "drop") == 1);
    }

    TEST_CASE("an exempted client stays exempted when its data is ambiguous") {
        Connection exempted = ordinary;
        exempted.client = wire::endpoint("10.9.0.1", 50000);
        Gate gate(strict);
        static_cast<void>(gate(exempted.syn()));
        static_cast<void>(gate(exempted.from_client(60, wire::text("one"))));
        const auto step = gate(exempted.from_client(60, wire::text("two")));
        CHECK(step.verdict.mark.state == MarkState::accept);
        CHECK(gate.exceptions("ambiguous", "drop") == 0);
    }

    TEST_CASE("a flow that inspection finds nothing in is unclassified") {
        Gate gate(strict);
        CHECK(gate(ordinary.syn()).verdict == pass());
        const auto step = gate(ordinary.from_client(0, wire::text("SSH-2.0-OpenSSH\r\n")));
        CHECK(step.verdict.mark.state == MarkState::drop);
        REQUIRE(step.record());
        CHECK(step.record()->exception == Exception::unclassified);
        CHECK(gate.exceptions("unclassified", "drop") == 1);
    }

    TEST_CASE("a flow whose start was not seen is midstream") {
        Gate gate(strict);
        CHECK(gate(ordinary.from_server(0, wire::text("in the middle"))).verdict == pass());
        auto step = gate(ordinary.from_client(0, wire::text("of something")));
        for (std::size_t i = 0; i < 8 && !step.record(); ++i)  // nDPI is asked as well
            step = gate(ordinary.from_client(12 + i, wire::text("x")));
        CHECK(step.verdict.mark.state == MarkState::reject);
        REQUIRE(step.record());
        CHECK(step.record()->exception == Exception::midstream);
        CHECK(gate.exceptions("midstream", "reject") == 1);
    }

    TEST_CASE("a name of no known service is no exception") {
        Gate gate(strict);
        const wire::Buffer stream = wire::client_stream("www.example.org");
        CHECK(gate(ordinary.syn(stream)).verdict == watch());
        const auto step = gate(ordinary.syn_ack(static_cast<std::uint32_t>(stream.size())));
        CHECK(step.verdict.mark.state == MarkState::accept);
        REQUIRE(step.record());
        CHECK_FALSE(step.record()->exception);
    }

    TEST_CASE("a full table discards the packet of a new flow, and remembers nothing") {
        Gate gate(strict, {.flows = {.limit = 2}});
        CHECK(gate(numbered(1).syn()).verdict == pass());
        CHECK(gate(numbered(2).syn()).verdict == pass());
        const auto step = gate(numbered(3).syn());
        CHECK(step.verdict == discard());
        CHECK(step.flow == nullptr);
        CHECK(gate.exceptions("table_full", "drop") == 1);
        CHECK(gate.counted("octroi_flow_table_entries", {{"worker", "0"}}) == 2);
        CHECK(gate.counted("octroi_flow_table_limit_entries", {{"worker", "0"}}) == 2);
    }

    TEST_CASE("a full table still decides by address, zone and a whole ClientHello") {
        Gate gate(strict, {.flows = {.limit = 1}});
        CHECK(gate(numbered(1).syn()).verdict == pass());
        Connection zoom = numbered(2);
        zoom.server = wire::endpoint("170.114.52.2", 443);
        CHECK(gate(zoom.syn()).verdict.mark ==
              Mark{.state = MarkState::reject, .generation = 1, .service = 1});
        const Connection exempted = {.client = wire::endpoint("10.9.0.1", 50000)};
        CHECK(gate(exempted.syn()).verdict.mark.state == MarkState::accept);
        CHECK(gate(numbered(3).from_client(0, wire::client_stream())).verdict.mark ==
              Mark{.state = MarkState::reject, .generation = 1, .service = 1});
        CHECK(gate.exceptions("table_full", "drop") == 0);
    }

    TEST_CASE("a full table makes room when a flow has been silent") {
        Gate gate(strict, {.flows = {.limit = 1, .yield_after = std::chrono::seconds(2)}});
        CHECK(gate(numbered(1).syn()).verdict == pass());
        gate.now += std::chrono::seconds(2);
        CHECK(gate(numbered(2).syn()).verdict == pass());
        CHECK(gate.counted("octroi_flow_evictions_total", {{"reason", "table_full"}}) == 1);
        CHECK(gate.counted("octroi_unclassified_flows_total", {{"reason", "expired"}}) == 1);
    }

    TEST_CASE("a flow that finds no buffer meets table_full, and its service is not guessed") {
        Gate gate(strict, {.buffer_limit = 100});
        const wire::Buffer stream = wire::client_stream();
        CHECK(gate(ordinary.syn()).verdict == pass());
        const auto step = gate(ordinary.from_client(60, Bytes(stream).subspan(60)));
        CHECK(step.verdict.mark.state == MarkState::drop);
        REQUIRE(step.record());
        CHECK(step.record()->exception == Exception::table_full);
    }

    TEST_CASE("parser errors of TLS are counted by kind") {
        Gate gate(strict);
        const wire::Buffer broken = wire::Fields().u8(1).vector24(wire::Buffer(10, 3)).take();
        static_cast<void>(gate(numbered(1).syn(wire::in_records(broken))));
        static_cast<void>(gate(numbered(2).syn({{22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff}})));
        static_cast<void>(gate(numbered(3).syn(wire::client_stream("not a name"))));
        for (const char* kind : {"malformed", "too_large", "bad_name"}) {
            CAPTURE(kind);
            CHECK(gate.counted("octroi_parser_errors_total", {{"parser", "tls"}, {"kind", kind}}) ==
                  1);
        }
    }
}
