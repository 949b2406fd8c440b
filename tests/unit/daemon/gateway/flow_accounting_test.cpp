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

    TEST_CASE("a connection that seems to come from outside belongs to the client inside") {
        Account a;
        a.account.add(connection(outside, inside, 4), a.ruleset);
        const auto& slots = a.ruleset.series.carried(4, 0);
        CHECK(a.value(slots.bytes.to_server) == 7000);
        CHECK(a.value(slots.bytes.to_client) == 300);
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
        const FlowEnd end = end_of(connection(outside, inside, 1), a.ruleset, now);
        CHECK(end.time == now);
        CHECK(end.client.address == inside);
        CHECK(end.client.port == 443);
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
