#include "metrics/events/flow_record.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/zoom_record.hpp"

using namespace octroi;
using nlohmann::json;

TEST_SUITE("flow record") {
    TEST_CASE("a replay line holds every field under its name") {
        CHECK(to_json_line(zoom_record()) ==
              R"({"src_ip":"10.1.2.3","src_port":50000,"dest_ip":"170.114.52.2",)"
              R"("dest_port":443,"proto":"TCP","packets":4,"service":"zoom",)"
              R"("category":"video-conferencing","strength":"certain","protocol":"TLS",)"
              R"("application":"Zoom","server_name":"us05web.zoom.us","action":"accept",)"
              R"("would":"reject","rule":"foreign-conferencing","decided_at_packet":1,)"
              R"("evidence":[{"kind":"address","value":"170.114.52.2","packet":1},)"
              R"({"kind":"tls_sni","value":"us05web.zoom.us","packet":4}]})");
    }

    TEST_CASE("what is not known is null, not an empty text") {
        const json line = json::parse(to_json_line({}));
        for (const char* key :
             {"service", "category", "protocol", "application", "server_name", "rule"}) {
            CAPTURE(key);
            CHECK(line.at(key).is_null());
        }
        CHECK(line.at("strength") == "none");
        CHECK(line.at("evidence") == json::array());
        CHECK_FALSE(line.contains("exception"));
    }

    TEST_CASE("an exception is named") {
        FlowRecord record = zoom_record();
        record.exception = Exception::ambiguous;
        CHECK(json::parse(to_json_line(record)).at("exception") == "ambiguous");
        record.exception = Exception::table_full;
        CHECK(json::parse(to_json_line(record)).at("exception") == "table_full");
    }

    TEST_CASE("what is refused, would be refused or is asked for is an event") {
        CHECK(is_event({.action = Action::reject, .would = Action::reject}));
        CHECK(is_event({.action = Action::drop, .would = Action::accept}));
        CHECK(is_event({.action = Action::accept, .would = Action::reject}));
        CHECK(is_event({.log = true}));
        CHECK(is_event({.exception = Exception::ambiguous}));
        CHECK_FALSE(is_event({.exception = Exception::unclassified}));
        CHECK_FALSE(is_event({.action = Action::accept, .would = Action::accept}));
    }

    TEST_CASE("hostile text stays one line of valid JSON in UTF-8") {
        FlowRecord record = zoom_record();
        record.server_name = "a\"},{\"action\":\"accept\"\n\r\x01\x7f\\";
        record.rule = "\xff\xfe broken \xc3";
        record.reason = std::string("nul\0inside", 10);
        record.evidence[1].value = "\xed\xa0\x80 \xf5\x80\x80\x80";
        const std::string line = to_json_line(record);
        CHECK(line.find('\n') == std::string::npos);
        const json parsed = json::parse(line);
        CHECK(parsed.at("server_name") == record.server_name);
        CHECK(parsed.at("action") == "accept");
        CHECK(parsed.at("rule") == "\xef\xbf\xbd\xef\xbf\xbd broken \xef\xbf\xbd");
        CHECK_NOTHROW(static_cast<void>(parsed.dump()));  // throws where a text is not UTF-8
    }

    TEST_CASE("protocols are named, others numbered") {
        CHECK(protocol_name(Protocol::tcp) == "TCP");
        CHECK(protocol_name(Protocol::udp) == "UDP");
        CHECK(protocol_name(Protocol::icmp) == "ICMP");
        CHECK(protocol_name(Protocol::icmpv6) == "ICMPV6");
        CHECK(protocol_name(static_cast<Protocol>(132)) == "132");
    }
}
