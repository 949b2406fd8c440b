#include "metrics/events/event_format.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/zoom_record.hpp"

using namespace octroi;
using nlohmann::json;

namespace {

std::string line_of(const Event& event, ClientPrivacy privacy) {
    return EventFormat::open({.clients = privacy, .gateway = "gw1"})->line(event, 1);
}

json parsed(const Event& event, ClientPrivacy privacy = ClientPrivacy::full) {
    return json::parse(line_of(event, privacy));
}

FlowEnd zoom_end() {
    return {.time = zoom_record().time + std::chrono::seconds(5),
            .client = wire::endpoint("10.1.2.3", 50000),
            .server = wire::endpoint("170.114.52.2", 443),
            .protocol = Protocol::tcp,
            .zone = "ministry",
            .service = "zoom",
            .category = "video-conferencing",
            .action = Action::accept,
            .to_server = {.packets = 10, .bytes = 2000},
            .to_client = {.packets = 12, .bytes = 9000},
            .duration = std::chrono::milliseconds(5250)};
}

}  // namespace

TEST_SUITE("event format") {
    TEST_CASE("an event tells when, where and in which order") {
        auto format = EventFormat::open({.clients = ClientPrivacy::zone, .gateway = "gw1"});
        REQUIRE(format);
        const json first = json::parse(format->line(zoom_record(), 1));
        const json second = json::parse(format->line(zoom_record(), 2));
        CHECK(first.at("timestamp") == "2025-11-22T08:26:40.123456Z");
        CHECK(first.at("gateway") == "gw1");
        CHECK(first.at("seq") == 1);
        CHECK(second.at("seq") == 2);
        CHECK(first.at("boot_id") == second.at("boot_id"));
        CHECK(first.at("boot_id").get<std::string>().size() == 32);
        CHECK(first.at("boot_id") != parsed(zoom_record()).at("boot_id"));
    }

    TEST_CASE("a decision tells its rule, and whether a monitor held the refusal back") {
        FlowRecord record = zoom_record();
        record.rule_file = "/etc/octroi/policy.yaml";
        record.policy_revision = "0123456789ab";
        record.delay = std::chrono::microseconds(1234);
        json event = parsed(record);
        CHECK(event.at("event_type") == "decision");
        CHECK(event.at("mode") == "monitor");
        CHECK(event.at("reason") == "Visio takes its place");
        CHECK(event.at("rule_file") == "/etc/octroi/policy.yaml");
        CHECK(event.at("rule_line") == 18);
        CHECK(event.at("policy_revision") == "0123456789ab");
        CHECK(event.at("delay_us") == 1234);
        CHECK(event.at("zone") == "ministry");
        CHECK_FALSE(event.contains("suppressed"));
        record.action = Action::reject;
        record.suppressed = 7;
        event = parsed(record);
        CHECK(event.at("mode") == "enforce");
        CHECK(event.at("suppressed") == 7);
    }

    TEST_CASE("a time before 1970 still has a positive fraction") {
        FlowRecord record;
        record.time = Time(std::chrono::nanoseconds(-1));
        CHECK(parsed(record).at("timestamp") == "1969-12-31T23:59:59.999999Z");
    }

    TEST_CASE("the client is the source, whoever sent the first packet") {
        FlowRecord record = zoom_record();
        std::swap(record.source, record.destination);
        record.client_first = false;
        const json event = parsed(record);
        CHECK(event.at("src_ip") == "10.1.2.3");
        CHECK(event.at("dest_ip") == "170.114.52.2");
    }

    TEST_CASE("with clients: full an event shows the client") {
        const json event = parsed(zoom_record(), ClientPrivacy::full);
        CHECK(event.at("src_ip") == "10.1.2.3");
        CHECK(event.at("src_port") == 50000);
        CHECK_FALSE(event.contains("src_pseudonym"));
    }

    TEST_CASE("with clients: pseudonym an event has a name for the client, and not its port") {
        const std::string line = line_of(zoom_record(), ClientPrivacy::pseudonym);
        const json event = json::parse(line);
        CHECK(event.at("src_pseudonym").get<std::string>().size() == 32);
        CHECK(event.contains("key_epoch"));
        CHECK(line.find("10.1.2.3") == std::string::npos);
        CHECK(line.find("50000") == std::string::npos);
        CHECK(event.at("dest_ip") == "170.114.52.2");
    }

    TEST_CASE("with clients: zone no event shows the client") {
        const std::string line = line_of(zoom_record(), ClientPrivacy::zone);
        const json event = json::parse(line);
        for (const char* key : {"src_ip", "src_port", "src_pseudonym", "key_epoch"})
            CHECK_FALSE(event.contains(key));
        CHECK(line.find("10.1.2.3") == std::string::npos);
        CHECK(line.find("50000") == std::string::npos);
        CHECK(event.at("zone") == "ministry");
        CHECK(event.at("dest_ip") == "170.114.52.2");
    }

    TEST_CASE("a server inside a zone is hidden as a client is") {
        FlowRecord record = zoom_record();
        record.server_inside = true;
        record.destination = wire::endpoint("10.9.9.9", 3478);
        record.server_name = "10.9.9.9";
        record.evidence = {{.kind = EvidenceKind::http_host, .value = "10.9.9.9", .packet = 4}};
        FlowEnd end = zoom_end();
        end.server = record.destination;
        end.server_inside = true;
        for (const Event& event : {Event(record), Event(end)}) {
            const std::string hidden = line_of(event, ClientPrivacy::pseudonym);
            CHECK(hidden.find("10.9.9.9") == std::string::npos);
            CHECK(json::parse(hidden).at("dest_pseudonym") !=
                  json::parse(hidden).at("src_pseudonym"));
            CHECK(json::parse(hidden).at("dest_port") == 3478);
            const std::string zone = line_of(event, ClientPrivacy::zone);
            CHECK(zone.find("10.9.9.9") == std::string::npos);
            CHECK_FALSE(json::parse(zone).contains("dest_pseudonym"));
            CHECK(parsed(event).at("dest_ip") == "10.9.9.9");
        }
    }

    TEST_CASE("the decision on a flow and its end have one number, which fits a double") {
        auto format = EventFormat::open({.clients = ClientPrivacy::full, .gateway = "gw1"});
        const json decision = json::parse(format->line(zoom_record(), 1));
        const json end = json::parse(format->line(zoom_end(), 2));
        CHECK(decision.at("flow_id") == end.at("flow_id"));
        CHECK(decision.at("flow_id").get<std::uint64_t>() < 1ULL << 51U);
        FlowRecord other = zoom_record();
        other.source.port = 50001;
        CHECK(json::parse(format->line(other, 3)).at("flow_id") != decision.at("flow_id"));
        // Keyed: the same flow has another number in another run.
        CHECK(parsed(zoom_record()).at("flow_id") != decision.at("flow_id"));
    }

    TEST_CASE("the end of a flow is told as EVE tells it") {
        const json event = parsed(zoom_end());
        CHECK(event.at("event_type") == "flow");
        CHECK(event.at("service") == "zoom");
        CHECK(event.at("action") == "accept");
        CHECK(event.at("flow") == json{{"pkts_toserver", 10},
                                       {"pkts_toclient", 12},
                                       {"bytes_toserver", 2000},
                                       {"bytes_toclient", 9000},
                                       {"start", "2025-11-22T08:26:39.873456Z"},
                                       {"end", "2025-11-22T08:26:45.123456Z"},
                                       {"age", 5}});
        FlowEnd unstamped = zoom_end();
        unstamped.duration.reset();
        CHECK_FALSE(parsed(unstamped).at("flow").contains("start"));
    }

    TEST_CASE("what could not be read is an exception, what was refused for it a decision") {
        FlowRecord record = zoom_record();
        record.exception = Exception::ambiguous;
        CHECK(parsed(record).at("event_type") == "decision");  // it would have been refused
        record.would = Action::accept;
        CHECK(parsed(record).at("event_type") == "exception");
        record.exception = Exception::table_full;
        record.action = Action::reject;
        record.decided_at_packet = 0;
        CHECK(parsed(record).at("event_type") == "exception");
        const json malformed = parsed(MalformedPacket{
            .time = record.time, .action = Action::drop, .error = "not_ip", .suppressed = 3});
        CHECK(malformed.at("event_type") == "exception");
        CHECK(malformed.at("exception") == "malformed");
        CHECK(malformed.at("error") == "not_ip");
        CHECK(malformed.at("suppressed") == 3);
    }

    TEST_CASE("changes of the policy and of the daemon's health are told") {
        const json refused = parsed(PolicyEvent{.kind = PolicyEvent::Kind::refused,
                                                .file = "policy.yaml",
                                                .generation = 5,
                                                .rules = 3,
                                                .error = "policy.yaml:1:1: error"});
        CHECK(refused.at("event_type") == "policy");
        CHECK(refused.at("change") == "refused");
        CHECK(refused.at("error") == "policy.yaml:1:1: error");
        CHECK(refused.at("generation") == 5);
        const json health = parsed(HealthEvent{
            .condition = "ruleset_drift", .holds = true, .detail = "a rule is missing"});
        CHECK(health.at("event_type") == "health");
        CHECK(health.at("condition") == "ruleset_drift");
        CHECK(health.at("state") == "begin");
    }

    TEST_CASE("hostile text stays one line of valid JSON in UTF-8") {
        FlowRecord record = zoom_record();
        record.server_name = "a\"},{\"action\":\"accept\"\n\r\x01\x7f\\";
        record.rule = "\xff\xfe broken \xc3";
        const std::string line = line_of(record, ClientPrivacy::zone);
        CHECK(line.find('\n') == std::string::npos);
        CHECK(json::parse(line).at("server_name") == record.server_name);
    }
}
