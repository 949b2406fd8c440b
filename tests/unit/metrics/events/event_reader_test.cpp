#include "metrics/events/event_reader.hpp"

#include <doctest/doctest.h>

#include "metrics/events/event_format.hpp"
#include "metrics/events/flow_record.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;

namespace {

FlowRecord refused() {
    return {.time = Time(std::chrono::seconds(1'796'000'000)),
            .source = wire::endpoint("2001:db8::7", 50000),
            .destination = wire::endpoint("198.51.100.1", 443),
            .protocol = Protocol::tcp,
            .zone = "office \"3\"",
            .service = "zoom",
            .strength = Strength::observed,
            .speaks = "TLS",
            .server_name = "zoom.us",
            .evidence = {{.kind = EvidenceKind::tls_sni, .value = "zoom.us", .packet = 4}},
            .action = Action::reject,
            .would = Action::reject,
            .rule = "no-zoom",
            .decided_at_packet = 4,
            .suppressed = 7};
}

std::string line_of(const Event& event) {
    return EventFormat::open({.clients = ClientPrivacy::full}).value().line(event, 1);
}

}  // namespace

TEST_SUITE("event reader") {
    TEST_CASE("what is written of a flow is read back") {
        const FlowRecord record = refused();
        const auto event = RecordedEvent::read(line_of(record));
        REQUIRE(event);
        CHECK(event->type() == "decision");
        CHECK(event->time() == absl::FromChrono(record.time));
        CHECK(event->client() == record.source);
        CHECK(event->server() == record.destination);
        CHECK(event->text("proto") == "TCP");
        CHECK(event->text("zone") == record.zone);
        CHECK(event->text("service") == record.service);
        CHECK(event->text("strength") == to_string(record.strength));
        CHECK(event->text("protocol") == record.speaks);
        CHECK(event->text("server_name") == record.server_name);
        CHECK(event->text("action") == "reject");
        CHECK(event->text("rule") == record.rule);
        CHECK(event->number("decided_at_packet") == record.decided_at_packet);
        CHECK(event->number("suppressed") == record.suppressed);
        CHECK(event->evidence_kind() == to_string(EvidenceKind::tls_sni));
        CHECK_FALSE(event->has("exception"));
    }

    TEST_CASE("what an ended flow carried is read back") {
        const FlowEnd end{.time = Time(std::chrono::seconds(1'796'000'000)),
                          .client = wire::endpoint("10.1.2.3", 50000),
                          .server = wire::endpoint("198.51.100.1", 3478),
                          .protocol = Protocol::udp,
                          .action = Action::accept,
                          .to_server = {.packets = 3, .bytes = 1234567890123},
                          .to_client = {.packets = 2, .bytes = 5}};
        const auto event = RecordedEvent::read(line_of(end));
        REQUIRE(event);
        CHECK(event->type() == "flow");
        CHECK(event->carried("bytes_toserver") == 1234567890123);
        CHECK(event->carried("bytes_toclient") == 5);
        CHECK(event->carried("no_such_count") == 0);
    }

    TEST_CASE("what is absent, null, of another kind or no event is nothing, and no error") {
        CHECK_FALSE(RecordedEvent::read(""));
        CHECK_FALSE(RecordedEvent::read("{\"a\":"));
        const auto event = RecordedEvent::read(
            R"({"src_ip":"10.0.0.0.1","dest_ip":null,"suppressed":"x7","evidence":{},"flow":3})");
        REQUIRE(event);
        CHECK(event->type().empty());
        CHECK_FALSE(event->time());
        CHECK_FALSE(event->client());
        CHECK_FALSE(event->server());
        CHECK(event->number("suppressed") == 0);
        CHECK(event->evidence_kind().empty());
        CHECK(event->carried("bytes_toserver") == 0);
        CHECK(RecordedEvent::read("[1]")->text("a").empty());
    }
}
