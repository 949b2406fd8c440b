#include "daemon/commands/recorded_flows.hpp"

#include <cstdlib>

#include <doctest/doctest.h>

#include "metrics/events/event_format.hpp"
#include "metrics/events/flow_record.hpp"
#include "rules/policy/loader.hpp"
#include "tests/unit/captures.hpp"
#include "tests/unit/gate.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace octroi;
using wire::Connection;

namespace {

constexpr const char* zones = "octroi: 1\nzones: {office: [10.0.0.0/8]}\n";

// Two policies over the catalogue of the pipeline's tests, asked about the files of a folder.
class Recorded {
  public:
    Recorded(const std::string& before, const std::string& after)
        : before_(policy_of(zones + before, *catalogue_)),
          after_(policy_of(zones + after, *catalogue_)) {}

    RecordedFlows capture(const std::vector<wire::Buffer>& packets) {
        return compare_capture(folder_.write("a.pcap", Bytes(capture_of(packets))), policies(),
                               absl::Now())
            .value();
    }

    RecordedFlows events(const std::string& lines, std::optional<Instant> at = std::nullopt) {
        return compare_events(folder_.write("e.jsonl", lines), policies(), at).value();
    }

    [[nodiscard]] PolicyPair policies() const {
        return {.before = before_, .after = after_, .catalogue = *catalogue_};
    }

  private:
    TemporaryFolder folder_;
    std::shared_ptr<const Catalogue> catalogue_ = test_catalogue();
    Policy before_;
    Policy after_;
};

FlowRecord zoom_flow() {
    return {.time = Time(std::chrono::seconds(1'796'000'000)),  // Mon 2026-11-30, 00:53 UTC
            .source = wire::endpoint("10.1.2.3", 50000),
            .destination = wire::endpoint("198.51.100.1", 443),
            .protocol = Protocol::tcp,
            .zone = "office",
            .service = "zoom",
            .strength = Strength::observed,
            .speaks = "TLS",
            .server_name = "zoom.us",
            .action = Action::reject,
            .would = Action::reject,
            .decided_at_packet = 4};
}

std::string event(const FlowRecord& record, ClientPrivacy privacy = ClientPrivacy::full) {
    return EventFormat::open({.clients = privacy, .gateway = "gw"})->line(record, 1) + "\n";
}

const std::string refuse_zoom = "rules: [{name: no-zoom, when: {service: zoom}, then: reject}]\n";
const std::string allow_all = "rules: []\n";

}  // namespace

TEST_SUITE("recorded flows") {
    TEST_CASE("each flow of a capture that fares otherwise is told") {
        const Connection one;
        const Connection other = {.client = wire::endpoint("10.1.2.3", 50001)};
        std::vector<wire::Buffer> packets;
        for (const auto& [flow, name] :
             {std::pair(&one, "us05web.zoom.us"), std::pair(&other, "www.example.org")}) {
            packets.push_back(flow->syn());
            packets.push_back(flow->from_client(0, wire::client_stream(name)));
        }
        const RecordedFlows flows = Recorded(allow_all, refuse_zoom).capture(packets);
        CHECK(flows.flows == 2);
        REQUIRE(flows.differing.size() == 1);
        CHECK(flows.differing[0].name == "us05web.zoom.us");
        CHECK(flows.differing[0].service == "zoom");
        CHECK(flows.differing[0].before.action == Action::accept);
        CHECK(flows.differing[0].after.action == Action::reject);
        CHECK(flows.differing[0].after.rule == "no-zoom");
        CHECK(Recorded(refuse_zoom, refuse_zoom).capture(packets).differing.empty());
    }

    TEST_CASE("an event is asked again under both policies") {
        Recorded recorded(refuse_zoom, allow_all);
        const RecordedFlows flows = recorded.events(event(zoom_flow()));
        CHECK(flows.flows == 1);
        REQUIRE(flows.differing.size() == 1);
        CHECK(flows.differing[0].client == "10.1.2.3:50000");
        CHECK(flows.differing[0].server == "198.51.100.1:443");
        CHECK(flows.differing[0].before.rule == "no-zoom");
        CHECK(flows.differing[0].after.action == Action::accept);
    }

    TEST_CASE("an event is asked at its own time, or at one that is given") {
        const std::string dated =
            "rules: [{name: no-zoom, when: {service: zoom}, then: reject, from: 2026-12-01}]\n";
        Recorded recorded(allow_all, dated);
        CHECK(recorded.events(event(zoom_flow())).differing.empty());
        const Instant later = parse_moment("2026-12-02", absl::UTCTimeZone()).value();
        CHECK(recorded.events(event(zoom_flow()), later).differing.size() == 1);
    }

    TEST_CASE("what an event tells reaches the conditions") {
        const auto differs = [](const std::string& condition, const FlowRecord& record) {
            const std::string rule = "rules: [{name: r, when: {" + condition + "}, then: drop}]\n";
            return Recorded(allow_all, rule).events(event(record)).differing.size() == 1;
        };
        FlowRecord record = zoom_flow();
        record.application = "Zoom";
        record.ech = "used";
        for (const char* condition :
             {"zone: office", "client: 10.1.2.3", "name: zoom.us", "address: 198.51.100.1",
              "port: 443", "transport: tcp", "strength: observed", "protocol: TLS",
              "application: Zoom", "ech: true", "unclassified: false", "jurisdiction: US"}) {
            CAPTURE(condition);
            CHECK(differs(condition, record));
        }
        for (const char* condition : {"port: 80", "transport: udp", "strength: certain",
                                      "protocol: QUIC", "ech: false", "name: www.zoom.us"}) {
            CAPTURE(condition);
            CHECK_FALSE(differs(condition, record));
        }
        record.server_name = "192.0.2.9";  // a literal address is no name
        CHECK(differs("name: {not: zoom.us}", record));
    }

    TEST_CASE("an exception is asked as one") {
        FlowRecord record = zoom_flow();
        record.service.clear();
        record.server_name.clear();
        record.exception = Exception::unclassified;
        Recorded recorded("rules: []\n", "rules: []\nexceptions: {unclassified: drop}\n");
        CHECK(recorded.events(event(record)).differing.size() == 1);
    }

    TEST_CASE("an event without its client is asked for its zone") {
        Recorded all(allow_all, refuse_zoom);
        const auto flows = all.events(event(zoom_flow(), ClientPrivacy::zone));
        REQUIRE(flows.differing.size() == 1);
        CHECK(flows.differing[0].client == "office");
        // Which client of the zone it was decides here: that can't be said.
        Recorded some(allow_all,
                      "rules: [{name: r, when: {client: 10.1.2.3, service: zoom}, then: drop}]\n");
        const auto unclear = some.events(event(zoom_flow(), ClientPrivacy::zone));
        CHECK(unclear.unclear == 1);
        CHECK(unclear.flows == 0);
        CHECK(unclear.differing.empty());
    }

    TEST_CASE("a refused name is asked as one: its server is open") {
        FlowRecord lookup = zoom_flow();
        lookup.destination = wire::endpoint("192.0.2.53", 53);
        lookup.protocol = Protocol::udp;
        lookup.speaks = "DNS";
        lookup.decided_at_packet = 0;
        CHECK(Recorded(refuse_zoom, allow_all).events(event(lookup)).differing.size() == 1);
    }

    TEST_CASE("hostile lines are counted and hurt nobody") {
        Recorded recorded(refuse_zoom, allow_all);
        const auto flows = recorded.events(
            "{}\nnull\n[[[[\n" + std::string(100, '[') + "\n" + std::string(2'000'000, 'a') +
            "\n\n" + R"({"dest_ip":7,"src_ip":{}})" + "\n" + event(zoom_flow()) +
            R"({"dest_ip":"::1","dest_port":"x","strength":5,"evidence":[1],"exception":[]})");
        CHECK(flows.unreadable == 6);
        CHECK(flows.flows == 2);
        CHECK(flows.differing.size() == 1);
    }

    TEST_CASE("events are read as rotation leaves them, gzipped") {
        Recorded recorded("rules: [{name: a, when: {service: zoom}, then: drop}]\n",
                          "rules: [{name: a, when: {service: zoom}, then: accept}]\n");
        const TemporaryFolder folder;
        const std::string path = folder.write("e.jsonl", to_json_line(zoom_flow()) + "\n");
        REQUIRE(std::system(("gzip " + path).c_str()) == 0);
        const auto flows = compare_events(path + ".gz", recorded.policies(), std::nullopt);
        REQUIRE(flows);
        CHECK(flows->flows == 1);
        CHECK(flows->differing.size() == 1);
        const std::string whole = folder.read("e.jsonl.gz");
        const auto cut =
            compare_events(folder.write("cut.gz", std::string_view(whole).substr(0, 40)),
                           recorded.policies(), std::nullopt);
        REQUIRE(cut);
        CHECK_FALSE(cut->cut_off.empty());
    }

    TEST_CASE("a file that is not there is an error") {
        const Recorded recorded(allow_all, allow_all);
        CHECK_FALSE(compare_events("/nonexistent", recorded.policies(), std::nullopt));
        CHECK_FALSE(compare_capture("/nonexistent", recorded.policies(), absl::Now()));
    }
}
