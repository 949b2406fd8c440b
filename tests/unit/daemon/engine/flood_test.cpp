// 100 000 half-open flows: the table and the buffers stay within their limits.
#include <doctest/doctest.h>

#include "tests/unit/gate.hpp"

using namespace octroi;

namespace {

constexpr std::string_view refuse_zoom =
    "octroi: 1\n"
    "rules: [{name: no-zoom, when: {service: zoom}, then: reject}]\n"
    "exceptions: {table_full: accept}\n";

constexpr std::uint32_t flood = 100'000;

wire::Connection half_open(std::uint32_t number) {
    const auto octet = [&](unsigned shift) { return static_cast<std::uint8_t>(number >> shift); };
    return {.client = {.address = v4_address({10, octet(16), octet(8), octet(0)}), .port = 50000}};
}

std::size_t open_flows(Gate& gate) {
    std::size_t open = 0;
    gate.pipeline().flows().for_each(
        [&](const Flow& flow) { open += !flow.settled() && flow.inspector->open() ? 1U : 0U; });
    return open;
}

}  // namespace

TEST_SUITE("flood") {
    TEST_CASE("100 000 SYNs fill the table to its limit and no further") {
        Gate gate(refuse_zoom, {.flows = {.limit = 20'000}});
        for (std::uint32_t i = 0; i < flood; ++i)
            REQUIRE(gate(half_open(i).syn()).verdict == pass());
        CHECK(gate.pipeline().flows().size() == 20'000);
        CHECK(gate.exceptions("table_full", "accept") == flood - 20'000);
        CHECK(gate.packets("ipv4", "pass") == flood);
        // A flow that was there before the flood is still known, and one that is not still refused.
        CHECK(gate(half_open(0).from_client(0, wire::client_stream())).verdict.mark.state ==
              MarkState::reject);
        CHECK(gate(half_open(flood).from_client(0, wire::client_stream())).verdict.mark.state ==
              MarkState::reject);
    }

    TEST_CASE("100 000 SYNs over a long time leave only the newest flows") {
        Gate gate(refuse_zoom, {.flows = {.limit = 20'000}});
        for (std::uint32_t i = 0; i < flood; ++i) {
            gate.now += std::chrono::milliseconds(10);  // 12 000 in the idle timeout
            REQUIRE(gate(half_open(i).syn()).verdict == pass());
        }
        CHECK(gate.pipeline().flows().size() <= 12'001);
        CHECK(gate.exceptions("table_full", "accept") == 0);
        CHECK(gate.counted("octroi_unclassified_flows_total", {{"reason", "expired"}}) ==
              flood - static_cast<double>(gate.pipeline().flows().size()));
    }

    TEST_CASE("100 000 flows with a piece of data each keep no more than the buffers' limit") {
        constexpr std::size_t limit = 4UL << 20U;
        constexpr std::size_t least_buffer = 1152;  // one page behind a gap
        Gate gate(refuse_zoom, {.flows = {.limit = 2UL * flood}, .buffer_limit = limit});
        const wire::Buffer stream = wire::client_stream();
        const Bytes tail = Bytes(stream).subspan(60);
        for (std::uint32_t i = 0; i < flood; ++i) {
            REQUIRE(gate(half_open(i).syn()).verdict == pass());
            static_cast<void>(gate(half_open(i).from_client(60, tail)));
        }
        const std::size_t open = open_flows(gate);
        CHECK(open <= limit / least_buffer);
        CHECK(open > limit / least_buffer / 2);
        CHECK(gate.exceptions("table_full", "accept") == static_cast<double>(flood - open));
    }

    TEST_CASE("buffers that a flood held are free again when its flows are forgotten") {
        Gate gate(refuse_zoom, {.flows = {.limit = 1000}, .buffer_limit = 100'000});
        const wire::Buffer stream = wire::client_stream();
        const Bytes whole = stream;
        for (std::uint32_t i = 0; i < 1000; ++i) {
            static_cast<void>(gate(half_open(i).syn()));
            static_cast<void>(gate(half_open(i).from_client(60, whole.subspan(60))));
        }
        gate.now += std::chrono::seconds(121);
        for (std::uint32_t i = 1000; i < 1600; ++i)
            static_cast<void>(gate(half_open(i).syn()));
        CHECK(gate(half_open(1599).from_client(60, whole.subspan(60))).verdict == watch());
        CHECK(gate(half_open(1599).from_client(0, whole.first(60))).verdict.mark.state ==
              MarkState::reject);
    }
}
