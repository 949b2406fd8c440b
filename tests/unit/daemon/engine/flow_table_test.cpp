#include "daemon/engine/flow_table.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "classifiers/inspection/workspace.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using std::chrono::seconds;

namespace {

constexpr FlowTable::Settings small = {
    .limit = 3, .idle_timeout = seconds(120), .yield_after = seconds(2)};

Packet packet_at(seconds when, std::uint16_t client_port, TcpHeader tcp = {.syn = true}) {
    Packet packet;
    packet.context.time = Time(when);
    packet.key = FlowKey(Protocol::tcp, wire::endpoint("10.0.0.1", client_port),
                         wire::endpoint("192.0.2.1", 443));
    packet.tcp = tcp;
    return packet;
}

bool tracked(FlowTable& table, std::uint16_t client_port) {
    bool found = false;
    table.for_each([&](const Flow& flow) {
        found = found || flow.key == packet_at(seconds(0), client_port).key;
    });
    return found;
}

}  // namespace

TEST_SUITE("flow table") {
    TEST_CASE("counts a flow's packets in both directions") {
        FlowTable table(small);
        Flow* flow = table.track(packet_at(seconds(1), 1000, {.sequence = 77, .syn = true}));
        REQUIRE(flow != nullptr);
        CHECK(flow->packets == 1);
        CHECK(flow->first_sequence == 77);
        Packet back = packet_at(seconds(2), 1000, {.sequence = 99, .syn = true, .ack = true});
        back.direction = opposite(flow->first);
        CHECK(table.track(back) == flow);
        CHECK(flow->packets == 2);
        CHECK(flow->first_sequence == 77);
        CHECK(flow->last_seen == Time(seconds(2)));
        CHECK(table.size() == 1);
    }

    TEST_CASE("a full table of working flows takes no other") {
        FlowTable table(small);
        for (std::uint16_t port = 1; port <= 3; ++port)
            CHECK(table.track(packet_at(seconds(10), port)) != nullptr);
        CHECK(table.track(packet_at(seconds(11), 4)) == nullptr);
        CHECK(table.size() == 3);
        CHECK(table.track(packet_at(seconds(11), 2)) != nullptr);  // a known one goes on
        CHECK(table.forgotten().yielded == 0);
    }

    TEST_CASE("a full table yields the flow that was silent longest, not the oldest one") {
        FlowTable table(small);
        for (std::uint16_t port = 1; port <= 3; ++port)
            CHECK(table.track(packet_at(seconds(10), port)) != nullptr);
        CHECK(table.track(packet_at(seconds(11), 1)) != nullptr);
        CHECK(table.track(packet_at(seconds(12), 4)) != nullptr);
        CHECK(tracked(table, 1));
        CHECK_FALSE(tracked(table, 2));
        CHECK(table.size() == 3);
        CHECK(table.forgotten().yielded == 1);
        CHECK(table.forgotten().undecided == 1);
        CHECK(table.forgotten().idle == 0);
    }

    TEST_CASE("a flow idle for its timeout is forgotten, two a packet at most") {
        FlowTable table(small);
        for (std::uint16_t port = 1; port <= 3; ++port)
            CHECK(table.track(packet_at(seconds(10), port)) != nullptr);
        CHECK(table.track(packet_at(seconds(129), 1)) != nullptr);
        CHECK(table.forgotten().idle == 0);
        CHECK(table.track(packet_at(seconds(130), 4)) != nullptr);
        CHECK(table.forgotten().idle == 2);
        CHECK(tracked(table, 1));
        CHECK(tracked(table, 4));
        CHECK(table.size() == 2);
    }

    TEST_CASE("a flow that comes back after its timeout is a new one") {
        FlowTable table(small);
        CHECK(table.track(packet_at(seconds(10), 1)) != nullptr);
        const Flow* flow = table.track(packet_at(seconds(200), 1));
        REQUIRE(flow != nullptr);
        CHECK(flow->packets == 1);
        CHECK(table.size() == 1);
    }

    TEST_CASE("decided flows are not counted as undecided when they are forgotten") {
        FlowTable table(small);
        table.track(packet_at(seconds(10), 1))->verdict = pass();
        CHECK(table.track(packet_at(seconds(200), 2)) != nullptr);
        CHECK(table.forgotten().idle == 1);
        CHECK(table.forgotten().undecided == 0);
    }

    TEST_CASE("a SYN with another number on a decided flow's ports is a new connection") {
        FlowTable table(small);
        Workspace workspace(0);
        Flow* flow = table.track(packet_at(seconds(1), 1, {.sequence = 5, .syn = true}));
        flow->verdict = pass();
        CHECK(table.superseded(packet_at(seconds(2), 1, {.sequence = 6, .syn = true}), 1,
                               workspace) == flow);
    }

    TEST_CASE("a retransmitted SYN, a SYN-ACK and data belong to the decided flow") {
        FlowTable table(small);
        Workspace workspace(0);
        Flow* flow = table.track(packet_at(seconds(1), 1, {.sequence = 5, .syn = true}));
        flow->verdict = pass();
        flow->decided_at = 1;
        for (const TcpHeader tcp : {TcpHeader{.sequence = 5, .syn = true},
                                    TcpHeader{.sequence = 900, .syn = true, .ack = true},
                                    TcpHeader{.sequence = 6, .ack = true}})
            CHECK(table.superseded(packet_at(seconds(2), 1, tcp), 1, workspace) == nullptr);
    }

    TEST_CASE("a SYN on the ports of a flow that more than a SYN decided is a new connection") {
        FlowTable table(small);
        Workspace workspace(0);
        const TcpHeader syn{.sequence = 5, .syn = true};
        Flow* flow = table.track(packet_at(seconds(1), 1, syn));
        flow->verdict = pass();
        flow->decided_at = 2;  // the number may be an earlier connection's
        CHECK(table.superseded(packet_at(seconds(2), 1, syn), 1, workspace) == flow);
        table.track(packet_at(seconds(2), 2, {.sequence = 4, .syn = true, .ack = true}))->verdict =
            pass();
        CHECK(table.superseded(packet_at(seconds(3), 2, {.sequence = 4, .syn = true}), 1,
                               workspace) != nullptr);
    }

    TEST_CASE("an undecided flow keeps its history over a second SYN") {
        FlowTable table(small);
        Workspace workspace(0);
        CHECK(table.track(packet_at(seconds(1), 1, {.sequence = 5, .syn = true})) != nullptr);
        CHECK(table.superseded(packet_at(seconds(1), 1, {.sequence = 6, .syn = true}), 1,
                               workspace) == nullptr);
    }

    TEST_CASE("forgetting any flow keeps the order of the others") {
        FlowTable table({.limit = 5, .idle_timeout = seconds(120), .yield_after = seconds(0)});
        for (std::uint16_t port = 1; port <= 5; ++port)
            CHECK(table.track(packet_at(seconds(port), port)) != nullptr);
        for (const std::uint16_t port :
             std::vector<std::uint16_t>{3, 1, 5})  // middle, oldest, newest
            table.forget(*table.track(packet_at(seconds(6), port)));
        CHECK(table.size() == 2);
        for (std::uint16_t port = 11; port <= 14; ++port)  // three free places, then 2 must go
            CHECK(table.track(packet_at(seconds(7), port)) != nullptr);
        CHECK(table.size() == 5);
        CHECK_FALSE(tracked(table, 2));
        CHECK(tracked(table, 4));
        CHECK(table.forgotten().yielded == 1);
    }

    TEST_CASE("a reused place starts empty") {
        FlowTable table({.limit = 1, .idle_timeout = seconds(120), .yield_after = seconds(0)});
        Flow* first = table.track(packet_at(seconds(1), 1));
        first->verdict = pass();
        first->inspector->end(Ending::quota);
        const Flow* second = table.track(packet_at(seconds(2), 2));
        REQUIRE(second != nullptr);
        CHECK_FALSE(second->verdict);
        CHECK(second->inspector->open());
        CHECK(second->packets == 1);
    }

    TEST_CASE("a settled flow's place is taken with all that an open one has") {
        FlowTable table({.limit = 1, .idle_timeout = seconds(120), .yield_after = seconds(0)});
        table.track(packet_at(seconds(1), 1))->settle();
        const Flow* second = table.track(packet_at(seconds(2), 2));
        REQUIRE(second != nullptr);
        CHECK_FALSE(second->settled());
    }

    TEST_CASE("a table that claimed its memory takes as many flows as one that did not, in order") {
        FlowTable table(small);
        CHECK(table.places() == 0);
        table.claim();
        CHECK(table.places() == small.limit);
        CHECK(table.size() == 0);
        for (std::uint16_t port = 1; port <= 3; ++port)
            CHECK(table.track(packet_at(seconds(10), port)) != nullptr);
        CHECK(table.track(packet_at(seconds(10), 4)) == nullptr);
        CHECK(table.track(packet_at(seconds(13), 4)) != nullptr);
        CHECK_FALSE(tracked(table, 1));
        CHECK(tracked(table, 2));
    }

    TEST_CASE("time that goes backwards forgets nobody") {
        FlowTable table(small);
        CHECK(table.track(packet_at(seconds(1000), 1)) != nullptr);
        CHECK(table.track(packet_at(seconds(1), 2)) != nullptr);
        CHECK(table.size() == 2);
    }
}
