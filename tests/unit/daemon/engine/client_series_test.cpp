#include "daemon/engine/client_series.hpp"

#include <doctest/doctest.h>

#include "tests/unit/gate.hpp"

using namespace octroi;

namespace {

constexpr std::string_view pilot_is_refused =
    "octroi: 1\n"
    "zones: {pilot: [10.1.0.0/16], press: [10.2.0.0/16]}\n"
    "rules: [{name: r, when: {service: zoom, zone: pilot}, then: reject}]\n";

double told(const Gate& gate, const char* service, const char* zone) {
    return gate.counted("octroi_distinct_clients",
                        {{"service", service}, {"zone", zone}, {"window", "day"}});
}

// Connections of 12 clients to an address of Zoom's.
void connect_twelve(Gate& gate, const std::string& network) {
    for (int host = 1; host <= 12; ++host) {
        const wire::Connection connection{
            .client = wire::endpoint(network + std::to_string(host), 50000),
            .server = wire::endpoint("170.114.52.2", 443)};
        static_cast<void>(gate(connection.syn()));
        static_cast<void>(gate(connection.from_client(0, wire::client_stream())));
    }
}

}  // namespace

TEST_SUITE("client series") {
    TEST_CASE("clients of accepted flows are counted by service and zone") {
        Gate gate(pilot_is_refused);
        connect_twelve(gate, "10.2.0.");
        connect_twelve(gate, "10.9.0.");
        CHECK(told(gate, "zoom", "press") == 10);
        CHECK(told(gate, "zoom", "none") == 10);
    }

    TEST_CASE("who was refused does not use the service") {
        Gate gate(pilot_is_refused);
        connect_twelve(gate, "10.1.0.");
        CHECK(told(gate, "zoom", "pilot") == -1);
    }

    TEST_CASE("a reload loses no client of the window") {
        Gate gate(pilot_is_refused);
        connect_twelve(gate, "10.2.0.");
        gate.reload("{octroi: 1, zones: {press: [10.2.0.0/16]}, rules: []}");
        CHECK(told(gate, "zoom", "press") == 10);
    }
}
