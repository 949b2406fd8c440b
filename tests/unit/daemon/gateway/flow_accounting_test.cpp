#include "daemon/gateway/flow_accounting.hpp"

#include <set>

#include <doctest/doctest.h>

#include "tests/unit/gate.hpp"

using namespace octroi;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view one_zone =
    "octroi: 1\n"
    "zones: {inside: {networks: [10.0.0.0/8, \"fd00::/8\"]}}\n"
    "rules: [{name: r, when: {service: zoom}, then: reject}]\n";

const Address inside = v4_address({10, 1, 2, 3});
const Address outside = v4_address({192, 0, 2, 1});

struct Account {
    SeriesRegistry registry{1};
    Ruleset ruleset;
    FlowAccount account{registry.worker(0)};

    Account() {
        const auto catalogue = test_catalogue();
        ruleset = make_ruleset(catalogue, policy_of(one_zone, *catalogue), registry);
    }

    [[nodiscard]] std::uint64_t value(Slot slot) { return registry.worker(0).value(slot); }
};

EndedConnection connection(const Address& opener, const Address& other, ServiceId service) {
    return {.mark = {.state = MarkState::accept, .generation = 3, .service = service},
            .protocol = Protocol::tcp,
            .opener = {.address = opener, .port = 50000},
            .other = {.address = other, .port = 443},
            .sent = {.packets = 2, .bytes = 300},
            .received = {.packets = 5, .bytes = 7000},
            .duration = 600ms};
}

}  // namespace

TEST_SUITE("flow accounting") {
    TEST_CASE("what the client sent goes to the server, under its service and zone") {
        Account a;
        a.account.add(connection(inside, outside, 1), a.ruleset);
        const auto& slots = a.ruleset.series.carried(1, 0);
        CHECK(a.value(slots.bytes.to_server) == 300);
        CHECK(a.value(slots.bytes.to_client) == 7000);
        CHECK(a.value(slots.packets.to_server) == 2);
        CHECK(a.value(slots.packets.to_client) == 5);
    }

    TEST_CASE("a connection that was picked up midway belongs to the client inside") {
        Account a;
        EndedConnection ended = connection(outside, inside, 4);
        std::swap(ended.opener.port, ended.other.port);  // the server spoke first
        a.account.add(ended, a.ruleset);
        const auto& slots = a.ruleset.series.carried(4, 0);
        CHECK(a.value(slots.bytes.to_server) == 7000);
        CHECK(a.value(slots.bytes.to_client) == 300);
    }

    TEST_CASE("a decision and the end of its flow name the same client") {
        struct Case {
            Endpoint opener;
            Endpoint other;
            Protocol protocol = Protocol::tcp;
            bool syn = true;
        };

        const Case cases[] = {
            {.opener = {inside, 50000}, .other = {outside, 443}},
            {.opener = {outside, 50000}, .other = {inside, 443}},
            {.opener = {outside, 50000}, .other = {inside, 8443}},
            {.opener = {inside, 50000}, .other = {v4_address({10, 9, 9, 9}), 443}},
            {.opener = {outside, 50000}, .other = {v4_address({192, 0, 2, 9}), 443}},
            {.opener = {inside, 50000}, .other = {outside, 443}, .syn = false},
            {.opener = {outside, 443}, .other = {inside, 50000}, .syn = false},
            {.opener = {inside, 50000}, .other = {outside, 3478}, .protocol = Protocol::udp},
            {.opener = {outside, 50000}, .other = {inside, 3478}, .protocol = Protocol::udp},
            {.opener = {outside, 443}, .other = {inside, 50000}, .protocol = Protocol::udp},
            {.opener = {outside, 443},
             .other = {v4_address({192, 0, 2, 9}), 50000},
             .protocol = Protocol::udp},
        };
        constexpr std::string_view refuse_all =
            "octroi: 1\n"
            "zones: {inside: {networks: [10.0.0.0/8]}}\n"
            "rules: [{name: all, when: {address: 0.0.0.0/0}, then: drop}]\n";
        for (const Case& each : cases) {
            CAPTURE(each.opener.port);
            CAPTURE(each.other.port);
            CAPTURE(each.syn);
            Gate gate(refuse_all);
            const wire::Buffer first =
                each.protocol == Protocol::udp
                    ? wire::udp(each.opener.port, each.other.port, wire::text("first"))
                    : wire::tcp({.source = each.opener.port,
                                 .destination = each.other.port,
                                 .sequence = 1,
                                 .flags = each.syn ? wire::syn : wire::ack},
                                each.syn ? wire::Buffer() : wire::text("first"));
            const auto step = gate(
                wire::ip(each.opener, each.other, static_cast<std::size_t>(each.protocol), first));
            REQUIRE(step.record());
            const EndedConnection ended{
                .protocol = each.protocol, .opener = each.opener, .other = each.other};
            CHECK(end_of(ended, gate.ruleset(), gate.now).client == step.record()->client());
        }
    }

    TEST_CASE("between ends outside every zone the opener is the client") {
        Account a;
        a.account.add(connection(outside, outside, 4), a.ruleset);
        CHECK(a.value(a.ruleset.series.carried(4, std::nullopt).bytes.to_server) == 300);
    }

    TEST_CASE("a service that the catalogue does not know, or none, is unknown") {
        Account a;
        a.account.add(connection(inside, outside, no_service), a.ruleset);
        a.account.add(connection(inside, outside, 2000), a.ruleset);
        CHECK(a.value(a.ruleset.series.carried(no_service, 0).bytes.to_server) == 600);
    }

    TEST_CASE("the end of a connection is told with its client, service, zone and bytes") {
        Account a;
        const Time now{1'000s};
        EndedConnection midway = connection(outside, inside, 1);
        std::swap(midway.opener.port, midway.other.port);
        const FlowEnd end = end_of(midway, a.ruleset, now);
        CHECK(end.time == now);
        CHECK(end.client.address == inside);
        CHECK(end.client.port == 50000);
        CHECK(end.server.address == outside);
        CHECK(end.zone == "inside");
        CHECK(end.service == "zoom");
        CHECK(end.action == Action::accept);
        CHECK(end.to_server.bytes == 7000);
        CHECK(end.to_client.packets == 2);
        CHECK(end.duration == 600ms);
        CHECK_FALSE(end.server_inside);
        CHECK(end_of(connection(inside, inside, 1), a.ruleset, now).server_inside);
        CHECK(end_of(connection(inside, outside, no_service), a.ruleset, now).service.empty());
    }

    TEST_CASE("durations below a second add up") {
        Account a;
        const Slot seconds = a.ruleset.series.carried(1, 0).seconds;
        for (int i = 0; i < 5; ++i)
            a.account.add(connection(inside, outside, 1), a.ruleset);
        CHECK(a.value(seconds) == 3);
        a.account.add(connection(inside, outside, 1), a.ruleset);
        CHECK(a.value(seconds) == 3);
        a.account.add(connection(inside, outside, 1), a.ruleset);
        CHECK(a.value(seconds) == 4);
    }

    TEST_CASE("series, services and zones do not share slots") {
        Account a;
        std::set<Slot> slots;
        for (const ServiceId service : {no_service, ServiceId{1}, ServiceId{4}})
            for (const std::optional<std::size_t> zone :
                 {std::optional<std::size_t>(0), std::optional<std::size_t>()}) {
                const auto& at = a.ruleset.series.carried(service, zone);
                slots.insert({at.bytes.to_server, at.bytes.to_client, at.packets.to_server,
                              at.packets.to_client, at.seconds});
            }
        CHECK(slots.size() == 3UL * 2 * 5);
        CHECK_FALSE(slots.contains(0));  // the overflow series
    }
}
