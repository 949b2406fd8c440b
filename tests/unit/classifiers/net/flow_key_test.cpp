#include "classifiers/net/flow_key.hpp"

#include <absl/hash/hash.h>
#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::endpoint;

TEST_SUITE("flow key") {
    TEST_CASE("is equal, and hashes equal, whoever is named first") {
        const Endpoint client = endpoint("10.0.0.1", 50000);
        const Endpoint server = endpoint("192.0.2.1", 443);
        const FlowKey there(Protocol::tcp, client, server);
        const FlowKey back(Protocol::tcp, server, client);
        CHECK(there == back);
        CHECK(absl::HashOf(there) == absl::HashOf(back));
        CHECK(there.low() < there.high());
    }

    TEST_CASE("the ports order endpoints of one address") {
        const FlowKey key(Protocol::udp, endpoint("::1", 9000), endpoint("::1", 53));
        CHECK(key.low().port == 53);
        CHECK(key.source(Direction::high_to_low).port == 9000);
        CHECK(key.destination(Direction::high_to_low).port == 53);
    }

    TEST_CASE("differs by protocol, by each port and by each address") {
        const Endpoint client = endpoint("10.0.0.1", 50000);
        const Endpoint server = endpoint("192.0.2.1", 443);
        const FlowKey key(Protocol::tcp, client, server);
        CHECK(key != FlowKey(Protocol::udp, client, server));
        CHECK(key != FlowKey(Protocol::tcp, endpoint("10.0.0.1", 50001), server));
        CHECK(key != FlowKey(Protocol::tcp, client, endpoint("192.0.2.1", 444)));
        CHECK(key != FlowKey(Protocol::tcp, endpoint("10.0.0.2", 50000), server));
        CHECK(key !=
              FlowKey(Protocol::tcp, endpoint("10.0.0.1", 443), endpoint("192.0.2.1", 50000)));
    }
}
