#include "daemon/replay/replay.hpp"

#include <doctest/doctest.h>

#include "daemon/gateway/ruleset_loader.hpp"
#include "tests/unit/captures.hpp"
#include "tests/unit/checksummed.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace octroi;
using wire::Buffer;
using wire::Connection;

namespace {

// A capture replayed with the shipped catalogue, against the shipped default policy or another one.
class Replay {
  public:
    explicit Replay(const std::string& policy = {})
        : ruleset_(load_ruleset(policy.empty() ? std::nullopt
                                               : std::optional(folder_.write("p.yaml", policy)),
                                std::nullopt, registry_)
                       .value()) {}

    Replayed operator()(const std::vector<Buffer>& packets) {
        return file(capture_of(packets)).value();
    }

    std::expected<Replayed, std::string> file(const Buffer& bytes) {
        return replay_capture(folder_.write("a.pcap", Bytes(bytes)), ruleset_, registry_);
    }

  private:
    TemporaryFolder folder_;
    SeriesRegistry registry_{1};
    Ruleset ruleset_;
};

std::vector<Buffer> conversation(const Connection& connection, std::string_view name) {
    return {connection.syn(), connection.syn_ack(), connection.from_client(0, {}),
            connection.from_client(0, wire::client_stream(name)),
            connection.from_server(0, wire::text("ServerHello"))};
}

}  // namespace

TEST_SUITE("replay") {
    TEST_CASE("a flow is reported with all its packets and the one that decided") {
        Replay replay;
        const auto replayed = replay(conversation({}, "us05web.zoom.us"));
        CHECK(replayed.packets == 5);
        CHECK(replayed.malformed == 0);
        CHECK(replayed.cut_off.empty());
        REQUIRE(replayed.flows.size() == 1);
        const FlowRecord& flow = replayed.flows[0];
        CHECK(flow.service == "zoom");
        CHECK(flow.packets == 5);
        CHECK(flow.decided_at_packet == 4);
        CHECK(flow.action == Action::accept);
        CHECK(flow.would == Action::reject);
        CHECK(flow.rule == "foreign-conferencing");
        CHECK(flow.source == Connection{}.client);
    }

    TEST_CASE("flows are reported in order of their first packets") {
        Replay replay;
        const auto port = [](unsigned i) {
            return static_cast<std::uint16_t>(50000 + i * 37 % 50);
        };
        std::vector<Buffer> packets;
        for (unsigned i = 0; i < 50; ++i)
            packets.push_back(Connection{.client = wire::endpoint("10.0.0.1", port(i))}.syn());
        packets.push_back(packets[0]);
        const auto replayed = replay(packets);
        REQUIRE(replayed.flows.size() == 50);
        for (unsigned i = 0; i < 50; ++i)
            CHECK(replayed.flows[i].source.port == port(i));
        CHECK(replayed.flows[0].packets == 2);
    }

    TEST_CASE("the service is reported whatever the policy decided before") {
        Replay replay("octroi: 1\nrules: [{name: all, when: {transport: tcp}, then: accept}]\n");
        const auto replayed = replay(conversation({}, "us05web.zoom.us"));
        REQUIRE(replayed.flows.size() == 1);
        CHECK(replayed.flows[0].rule == "all");
        CHECK(replayed.flows[0].decided_at_packet == 1);
        CHECK(replayed.flows[0].service == "zoom");
        CHECK(replayed.flows[0].server_name == "us05web.zoom.us");
    }

    TEST_CASE("a flow that ends undecided is concluded, decided at no packet") {
        Replay replay;
        const auto replayed = replay({Connection{}.syn(), Connection{}.syn_ack()});
        REQUIRE(replayed.flows.size() == 1);
        CHECK(replayed.flows[0].action == Action::accept);
        CHECK(replayed.flows[0].exception == Exception::unclassified);
        CHECK(replayed.flows[0].decided_at_packet == 0);
    }

    TEST_CASE("two connections on the same ports are two flows") {
        Replay replay;
        auto packets = conversation({}, "us05web.zoom.us");
        const Connection again = {.client_start = 5'000'000, .server_start = 6'000'000};
        for (const Buffer& packet : conversation(again, "visio.numerique.gouv.fr"))
            packets.push_back(packet);
        const auto replayed = replay(packets);
        REQUIRE(replayed.flows.size() == 2);
        CHECK(replayed.flows[0].service == "zoom");
        CHECK(replayed.flows[1].service == "visio");
    }

    TEST_CASE("flows hours apart in the capture are all reported") {
        Replay replay;
        std::vector<CapturedFrame> frames;
        for (std::uint16_t i = 0; i < 10; ++i)
            frames.push_back(
                {.seconds = 100'000U * i,
                 .frame = Connection{.client = wire::endpoint("10.0.0.1",
                                                              static_cast<std::uint16_t>(1024 + i))}
                              .syn()});
        const auto replayed = replay.file(pcap_file(raw_ip, frames));
        REQUIRE(replayed);
        CHECK(replayed->flows.size() == 10);
    }

    TEST_CASE("a packet that its receiver discards decides nothing") {
        Replay replay;
        auto packets = conversation({}, "us05web.zoom.us");
        for (Buffer& packet : packets)
            packet = checksummed(packet);
        Buffer decoy = checksummed(
            Connection{}.from_client(0, wire::client_stream("visio.numerique.gouv.fr")));
        decoy.back() ^= 1U;
        packets.insert(packets.begin() + 3, decoy);
        const auto replayed = replay(packets);
        CHECK(replayed.discarded == 1);
        CHECK(replayed.packets == 5);
        CHECK_FALSE(replayed.read_once);
        REQUIRE(replayed.flows.size() == 1);
        CHECK(replayed.flows[0].service == "zoom");
        CHECK(replayed.flows[0].server_name == "us05web.zoom.us");
    }

    TEST_CASE("a capture in which no checksum is right is taken as it is") {
        Replay replay;
        auto packets = conversation({}, "us05web.zoom.us");
        for (Buffer& packet : packets)
            packet = half_checksummed(packet, true);
        const auto replayed = replay(packets);
        CHECK(replayed.discarded == 0);
        REQUIRE(replayed.flows.size() == 1);
        CHECK(replayed.flows[0].service == "zoom");
    }

    TEST_CASE("a name in fragments is read, and fragments that wait are told") {
        Replay replay;
        auto packets = conversation({}, "us05web.zoom.us");
        const Bytes segment = Bytes(packets[3]).subspan(20);
        const auto part = [](std::size_t fragment, Bytes data) {
            return wire::ipv4({.destination = wire::address("198.51.100.1"), .fragment = fragment},
                              data);
        };
        const Buffer first = part(0x2000, segment.first(80));
        const Buffer second = part(10, segment.subspan(80));
        packets[3] = second;
        packets.insert(packets.begin() + 4, first);
        packets.push_back(first);
        const auto replayed = replay(packets);
        CHECK(replayed.packets == 5);
        CHECK(replayed.malformed == 0);
        CHECK(replayed.lost_fragments == 1);
        REQUIRE(replayed.flows.size() == 1);
        CHECK(replayed.flows[0].server_name == "us05web.zoom.us");
    }

    TEST_CASE("malformed packets are counted and belong to no flow") {
        Replay replay;
        const auto replayed = replay({{0x45, 0x00}, Connection{}.syn(), {0x60}});
        CHECK(replayed.packets == 3);
        CHECK(replayed.malformed == 2);
        CHECK(replayed.flows.size() == 1);
    }

    TEST_CASE("an ICMP error is no flow") {
        Replay replay;
        const Buffer error = wire::ip(wire::endpoint("192.0.2.9", 0), wire::endpoint("10.0.0.1", 0),
                                      1, wire::icmp(3, 0, Connection{}.syn()));
        CHECK(replay({error}).flows.empty());
    }

    TEST_CASE("a capture that is cut off is replayed to the cut, and says so") {
        Replay replay;
        Buffer bytes = capture_of(conversation({}, "us05web.zoom.us"));
        bytes.resize(bytes.size() - 10);
        const auto replayed = replay.file(bytes);
        REQUIRE(replayed);
        CHECK(replayed->packets == 4);
        CHECK_FALSE(replayed->cut_off.empty());
        REQUIRE(replayed->flows.size() == 1);
        CHECK(replayed->flows[0].service == "zoom");
    }

    TEST_CASE("what is no capture is an error") {
        Replay replay;
        CHECK_FALSE(replay.file(wire::text("hello")));
    }
}
