#include "daemon/engine/client_memory.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;

namespace {

constexpr ServiceId zoom = 1;
constexpr ServiceId visio = 4;
constexpr std::int64_t now = 1'763'800'000;

const Endpoint client = wire::endpoint("10.0.0.1", 50000);
const Endpoint server = wire::endpoint("192.0.2.1", 443);
const Address other = wire::address("192.0.2.2");

ServiceId resolved(const ClientMemory& memory, std::int64_t at) {
    return memory.hints(client, server, at).resolved;
}

ServiceId same_endpoint(const ClientMemory& memory, std::int64_t at) {
    return memory.hints(client, server, at).same_endpoint;
}

}  // namespace

TEST_SUITE("client memory") {
    TEST_CASE("what nobody told is not known") {
        const ClientMemory memory;
        CHECK(resolved(memory, now) == no_service);
        CHECK(same_endpoint(memory, now) == no_service);
    }

    TEST_CASE("an answer belongs to its client and its address, whatever the ports") {
        ClientMemory memory;
        memory.remember_resolved(client.address, server.address, zoom, 300, now);
        CHECK(resolved(memory, now) == zoom);
        CHECK(memory.hints(wire::endpoint("10.0.0.1", 1), wire::endpoint("192.0.2.1", 2), now)
                  .resolved == zoom);
        CHECK(memory.hints(client, {.address = other, .port = 443}, now).resolved == no_service);
        CHECK(memory.hints({.address = other, .port = 50000}, server, now).resolved == no_service);
        CHECK(memory.hints(server, client, now).resolved == no_service);
        CHECK(same_endpoint(memory, now) == no_service);
    }

    TEST_CASE("an endpoint is one port of one client") {
        ClientMemory memory;
        memory.remember_endpoint(client, zoom, now);
        CHECK(same_endpoint(memory, now) == zoom);
        CHECK(memory.hints(client, {.address = other, .port = 1}, now).same_endpoint == zoom);
        CHECK(memory.hints(wire::endpoint("10.0.0.1", 50001), server, now).same_endpoint ==
              no_service);
        CHECK(memory.hints(wire::endpoint("10.0.0.2", 50000), server, now).same_endpoint ==
              no_service);
        CHECK(resolved(memory, now) == no_service);
    }

    TEST_CASE("an answer lives as long as it says") {
        ClientMemory memory;
        memory.remember_resolved(client.address, server.address, zoom, 300, now);
        CHECK(resolved(memory, now + 300) == zoom);
        CHECK(resolved(memory, now + 301) == no_service);
    }

    TEST_CASE("an answer lives a minute at least and an hour at most") {
        ClientMemory memory;
        memory.remember_resolved(client.address, server.address, zoom, 0, now);
        CHECK(resolved(memory, now + 60) == zoom);
        CHECK(resolved(memory, now + 61) == no_service);
        memory.remember_resolved(client.address, server.address, zoom, 0xffffffff, now);
        CHECK(resolved(memory, now + 3600) == zoom);
        CHECK(resolved(memory, now + 3601) == no_service);
    }

    TEST_CASE("an endpoint lives two minutes") {
        ClientMemory memory;
        memory.remember_endpoint(client, zoom, now);
        CHECK(same_endpoint(memory, now + 120) == zoom);
        CHECK(same_endpoint(memory, now + 121) == no_service);
    }

    TEST_CASE("a peer that the relay lets by is of its call for five minutes, at that port") {
        ClientMemory memory;
        memory.remember_peer(client.address, server, zoom, now);
        CHECK(same_endpoint(memory, now + 300) == zoom);
        CHECK(same_endpoint(memory, now + 301) == no_service);
        const Endpoint beside{.address = server.address, .port = 1};
        CHECK(memory.hints(client, beside, now).same_endpoint == no_service);
    }

    TEST_CASE("a client that talks to a service may call it for an hour") {
        ClientMemory memory;
        memory.remember_signalling(client.address, visio, now);
        CHECK(memory.hints(client, server, now + 3600).signalling == visio);
        CHECK(memory.hints(client, server, now + 3601).signalling == no_service);
        CHECK(memory.hints(server, client, now).signalling == no_service);
    }

    TEST_CASE("of two services' words neither counts, of a service's and nobody's the newest") {
        ClientMemory memory;
        memory.remember_resolved(client.address, server.address, zoom, 300, now);
        memory.remember_resolved(client.address, server.address, visio, 60, now + 1);
        CHECK(resolved(memory, now + 2) == no_service);
        memory.remember_resolved(client.address, server.address, visio, 60, now + 62);
        CHECK(resolved(memory, now + 63) == visio);
        memory.remember_resolved(client.address, server.address, no_service, 60, now + 64);
        CHECK(resolved(memory, now + 65) == no_service);
        memory.remember_resolved(client.address, server.address, zoom, 60, now + 66);
        CHECK(resolved(memory, now + 67) == zoom);
    }

    TEST_CASE("what the client says of a server counts for five minutes, where no answer told") {
        ClientMemory memory;
        memory.remember_named(client.address, server.address, zoom, now);
        CHECK(resolved(memory, now + 300) == zoom);
        CHECK(resolved(memory, now + 301) == no_service);
        memory.remember_named(client.address, server.address, zoom, now);
        memory.remember_resolved(client.address, server.address, visio, 300, now);
        CHECK(resolved(memory, now) == visio);
    }

    TEST_CASE("the largest service number comes back whole") {
        ClientMemory memory;
        memory.remember_endpoint(client, 0xffff, now);
        CHECK(same_endpoint(memory, now) == 0xffff);
    }

    TEST_CASE("a small memory forgets, but never mistakes one entry for another") {
        ClientMemory memory(8);
        const auto nth = [](std::uint16_t n) {
            return Endpoint{.address = client.address, .port = n};
        };
        for (std::uint16_t n = 1; n <= 1000; ++n)
            memory.remember_endpoint(nth(n), n, now);
        std::size_t kept = 0;
        for (std::uint16_t n = 1; n <= 1000; ++n) {
            const ServiceId found = memory.hints(nth(n), server, now).same_endpoint;
            CHECK((found == no_service || found == n));
            kept += found == n ? 1U : 0U;
        }
        CHECK(kept >= 1);
        CHECK(kept <= 8);
    }

    TEST_CASE("one client's lookups push nothing out of what another may call, and little else") {
        ClientMemory memory;
        std::vector<Address> others;
        for (unsigned i = 0; i < 200; ++i)
            others.push_back(v4_address({10, 20, 1, static_cast<std::uint8_t>(i)}));
        for (const Address& each : others) {
            memory.remember_signalling(each, visio, now);
            memory.remember_resolved(each, server.address, zoom, 300, now);
        }
        for (unsigned i = 0; i < 400'000; ++i) {
            const auto octet = [&](unsigned shift) {
                return static_cast<std::uint8_t>(i >> shift);
            };
            memory.remember_resolved(client.address, v4_address({1, octet(16), octet(8), octet(0)}),
                                     no_service, 300, now);
        }
        std::size_t forgotten = 0;
        for (const Address& each : others) {
            const Hints hints = memory.hints({.address = each, .port = 1}, server, now);
            CHECK(hints.signalling == visio);
            forgotten += hints.resolved == zoom ? 0U : 1U;
        }
        CHECK(forgotten < 20);
    }

    TEST_CASE("a memory of no size works all the same") {
        ClientMemory memory(0);
        memory.remember_endpoint(client, zoom, now);
        CHECK(same_endpoint(memory, now) == zoom);
    }

    TEST_CASE("workers that write the same slots at once never make up an entry") {
        ClientMemory memory(2);
        const auto nth = [](std::uint16_t n) {
            return Endpoint{.address = client.address, .port = n};
        };
        std::atomic<bool> mistaken = false;
        const auto work = [&](std::uint16_t first) {
            for (int round = 0; round < 2000; ++round)
                for (std::uint16_t n = first; n < first + 8; ++n) {
                    memory.remember_endpoint(nth(n), n, now);
                    for (std::uint16_t each = 1; each <= 16; ++each) {
                        const ServiceId found = memory.hints(nth(each), server, now).same_endpoint;
                        if (found != no_service && found != each)
                            mistaken = true;
                    }
                }
        };
        std::thread one(work, std::uint16_t{1});
        std::thread another(work, std::uint16_t{9});
        one.join();
        another.join();
        CHECK_FALSE(mistaken);
    }
}
