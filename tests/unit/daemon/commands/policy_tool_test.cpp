#include "daemon/commands/policy_tool.hpp"

#include <doctest/doctest.h>

#include "tests/policy/samples.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace {

PolicyTool tool(const std::string& policy = "rules: []\n") {
    const TemporaryFolder folder;
    return PolicyTool::load(folder.write("p.yaml", "octroi: 1\n" + policy), std::nullopt).value();
}

std::string refused(const FlowText& flow) {
    const auto question = tool().question(flow);
    REQUIRE_FALSE(question);
    return question.error();
}

}  // namespace

TEST_SUITE("policy tool") {
    TEST_CASE("a policy is loaded with the shipped catalogue") {
        CHECK(tool().catalogue().find("zoom") != nullptr);
        CHECK(tool().policy().rules().empty());
    }

    TEST_CASE("what is wrong with a policy or a catalogue is told with its place") {
        const TemporaryFolder folder;
        const auto broken =
            PolicyTool::load(folder.write("p.yaml", "octroi: 1\nrulez: []\n"), std::nullopt);
        REQUIRE_FALSE(broken);
        CHECK(broken.error().find("p.yaml:2:1: error[E009]") != std::string::npos);
        const auto absent = PolicyTool::load(folder.path("none.yaml"), std::nullopt);
        REQUIRE_FALSE(absent);
        CHECK(absent.error().find("none.yaml") != std::string::npos);
        CHECK_FALSE(PolicyTool::load(std::nullopt, folder.path("none")));
    }

    TEST_CASE("a moment is one of the policy's time zone, now where there is none") {
        const PolicyTool paris = tool("defaults: {timezone: Europe/Paris}\nrules: []\n");
        CHECK(paris.moment("2026-12-01T10:00").value() ==
              parse_moment("2026-12-01T09:00:00Z", absl::UTCTimeZone()).value());
        const Instant before = absl::Now();
        const auto now = paris.moment(std::nullopt);
        CHECK(before <= now.value());
        CHECK(now.value() <= absl::Now());
        CHECK_FALSE(paris.moment("2026-02-30"));
        CHECK_FALSE(paris.moment("tomorrow"));
    }

    TEST_CASE("a flow's text becomes a question") {
        const auto question = tool().question({.client = "10.20.4.7",
                                               .name = "US05web.Zoom.us",
                                               .address = "2001:db8::1",
                                               .port = "65535",
                                               .transport = "udp",
                                               .protocol = "QUIC",
                                               .service = "zoom"});
        REQUIRE(question);
        CHECK(question->client == samples::address("10.20.4.7"));
        CHECK(question->name == "us05web.zoom.us");
        CHECK(question->address == samples::address("2001:db8::1"));
        CHECK(question->port == 65535);
        CHECK(question->transport == Transport::udp);
        CHECK(question->protocol == "QUIC");
        CHECK(question->service == tool().catalogue().find("zoom")->id);
        CHECK_FALSE(question->complete);
    }

    TEST_CASE("what is left out is not known; `none` and an empty name are") {
        const auto plain = tool().question({.client = "10.20.4.7"});
        REQUIRE(plain);
        CHECK_FALSE(plain->name);
        CHECK_FALSE(plain->address);
        CHECK_FALSE(plain->service);
        const auto none = tool().question({.client = "::1", .name = "", .service = "none"});
        REQUIRE(none);
        CHECK(none->name == "");
        CHECK(none->service == no_service);
    }

    TEST_CASE("what is no flow is told, with a cure where there is one") {
        CHECK(refused({.client = "10.20.4"}).find("client: `10.20.4`") == 0);
        CHECK(refused({.client = "::1", .address = "zoom.us"}).find("`zoom.us`") == 0);
        CHECK(refused({.client = "::1", .port = "65536"}).find("`65536`") == 0);
        CHECK(refused({.client = "::1", .port = "443x"}).find("`443x`") == 0);
        CHECK(refused({.client = "::1", .transport = "sctp"}).find("tcp, udp") !=
              std::string::npos);
        CHECK(refused({.client = "::1", .protocol = "QUICK"}).find("did you mean `QUIC`?") !=
              std::string::npos);
        CHECK(refused({.client = "::1", .service = "zom"}).find("did you mean `zoom`?") !=
              std::string::npos);
        CHECK(refused({.client = "::1", .name = "a b"}).find("`a b`") == 0);
    }
}
