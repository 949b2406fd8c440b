#include "daemon/commands/policy_test_runner.hpp"

#include <doctest/doctest.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace {

constexpr std::string_view policy =
    "octroi: 1\n"
    "defaults: {timezone: Europe/Paris}\n"
    "zones: {pilot: [10.20.4.0/24]}\n"
    "rules:\n"
    "- {name: no-zoom, when: {zone: pilot, service: zoom}, then: reject, from: 2026-12-01}\n"
    "- {name: mail, when: {port: 25}, then: drop, mode: monitor}\n"
    "- {name: spare, when: {service: x}, then: accept}\n";

// The tests of a file that lies beside the policy.
Loaded<PolicyTestRun> run(const std::string& tests) {
    const TemporaryFolder folder;
    static_cast<void>(folder.write("p.yaml", policy));
    return run_policy_tests(folder.write("p_test.yaml", "policy: p.yaml\ntests:\n" + tests),
                            std::nullopt);
}

PolicyTestRun ran(const std::string& tests) {
    auto run_of = run(tests);
    REQUIRE(run_of);
    return std::move(*run_of);
}

std::string failure(const std::string& flow, const std::string& expect,
                    const std::string& at = "2026-12-02T10:00") {
    const auto done =
        ran("- {name: t, at: " + at + ", flow: {" + flow + "}, expect: {" + expect + "}}\n");
    REQUIRE(done.results.size() == 1);
    CHECK(done.failures() == (done.results[0].passed() ? 0 : 1));
    return done.results[0].failure;
}

constexpr const char* to_zoom =
    "client: 10.20.4.7, service: zoom, address: 192.0.2.1, port: 443, "
    "transport: tcp";
constexpr const char* to_mail = "client: 10.20.4.7, address: 192.0.2.1, port: 25, transport: tcp";

}  // namespace

TEST_SUITE("tests of policies") {
    TEST_CASE("what is expected and comes passes") {
        CHECK(failure(to_zoom, "action: reject, would: reject, rule: no-zoom, service: zoom") ==
              "");
        CHECK(failure(to_mail, "action: accept, would: drop, rule: mail, service: none") == "");
        CHECK(failure(to_zoom, "") == "");
    }

    TEST_CASE("what differs is told, each part of it") {
        CHECK(failure(to_zoom, "action: accept, rule: none, service: zoom") ==
              "action: expected accept, got reject; rule: expected none, got no-zoom");
        CHECK(failure(to_mail, "would: accept") == "would: expected accept, got drop");
    }

    TEST_CASE("a test is asked at its own moment, in the policy's time zone") {
        CHECK(failure(to_zoom, "action: accept, rule: none", "2026-11-30T23:59") == "");
        CHECK(failure(to_zoom, "action: reject", "2026-12-01T00:00") == "");
        CHECK(failure(to_zoom, "action: reject", "2026-11-30T23:00:00Z") == "");
        CHECK(failure(to_zoom, "", "2026-13-01").find("`2026-13-01`") == 0);
    }

    TEST_CASE("a flow that leaves open what a rule asks for fails and says so") {
        CHECK(failure("client: 10.20.9.9", "action: accept")
                  .find("address, port and transport together") != std::string::npos);
    }

    TEST_CASE("a flow that is none fails its own test alone") {
        const auto done =
            ran("- {name: a, flow: {client: zoom}, expect: {}}\n"
                "- {name: b, flow: {client: \"::1\"}, expect: {}}\n"
                "- {name: c, flow: {client: 10.1.1.1, service: x, address: 192.0.2.1,"
                " port: 1, transport: udp}, expect: {rule: spare}}\n");
        REQUIRE(done.results.size() == 3);
        CHECK(done.results[0].failure.find("client: `zoom`") == 0);
        CHECK(done.results[2].passed());
        CHECK(done.results[2].line == 5);
    }

    TEST_CASE("rules that decided no test are named, those that only would count as reached") {
        const auto done = ran(std::string("- {name: a, at: 2026-12-02, flow: {") + to_zoom +
                              "}, expect: {}}\n- {name: b, flow: {" + to_mail + "}, expect: {}}\n");
        CHECK(done.rules == std::vector<std::string>{"no-zoom", "mail", "spare"});
        REQUIRE(done.unreached.size() == 1);
        CHECK(done.unreached[0].name == "spare");
    }

    TEST_CASE("a file that is none is refused with its places") {
        const auto findings = [](const std::string& tests) {
            const auto refused = run(tests);
            REQUIRE_FALSE(refused);
            return refused.error();
        };
        CHECK(findings("- {name: a, flow: {client: \"::1\"}, expects: {}}\n").size() == 2);
        CHECK(
            findings("- {name: a, flow: {client: \"::1\"}, expect: {action: refuse}}\n")[0].code ==
            Code::bad_value);
        CHECK(findings("- {name: a, flow: {server: \"::1\"}, expect: {}}\n")[0].code ==
              Code::missing_key);
        CHECK_FALSE(run_policy_tests("/nonexistent_test.yaml", std::nullopt));
    }

    TEST_CASE("a policy that can't be used is told with its own findings and the test's line") {
        const TemporaryFolder folder;
        static_cast<void>(folder.write("p.yaml", "octroi: 2\nrules: []\n"));
        const auto refused =
            run_policy_tests(folder.write("t.yaml", "policy: p.yaml\ntests: []\n"), std::nullopt);
        REQUIRE_FALSE(refused);
        REQUIRE(refused.error().size() == 2);
        const Finding& own = refused.error()[1];
        const Finding& of_test = refused.error()[0];
        CHECK(own.file.ends_with("p.yaml"));
        CHECK(own.code == Code::bad_version);
        CHECK(of_test.file.ends_with("t.yaml"));
        CHECK(of_test.position.line == 1);
    }

    TEST_CASE("each condition of a rule can be stated of a flow") {
        const std::string served = "address: 203.0.113.9, port: 443, transport: tcp";
        const std::pair<std::string, std::string> stated[] = {
            {"zone: pilot", ""},
            {"zone: phones", "interface: wwan0"},
            {"client: 10.20.4.0/30", ""},
            {"address: 203.0.113.0/24", served},
            {"port: 443", served},
            {"transport: tcp", served},
            {"service: zoom", "service: zoom"},
            {"vendor: \"Zoom Communications\"", "service: zoom"},
            {"category: video-conferencing", "service: zoom"},
            {"jurisdiction: US", "service: zoom"},
            {"strength: guessed", "service: visio, strength: guessed"},
            {"name: example.org", "name: www.example.org"},
            {"ech: true", "name: www.example.org, ech: true"},
            {"protocol: SSH", "protocol: SSH"},
            {"application: webrtc-call", "application: webrtc-call"},
            {"unclassified: true", "exception: unclassified"},
        };
        for (const auto& [condition, flow] : stated) {
            CAPTURE(condition);
            const TemporaryFolder folder;
            static_cast<void>(folder.write(
                "p.yaml",
                "octroi: 1\nzones: {pilot: [10.20.4.0/24], phones: {networks: [10.64.0.0/12], "
                "interfaces: [wwan0]}}\nrules: [{name: it, when: {" +
                    condition + "}, then: drop}]\n"));
            const auto run = run_policy_tests(
                folder.write("t.yaml",
                             "policy: p.yaml\ntests: [{name: t, flow: {client: 10.20.4.1" +
                                 (flow.empty() ? "" : ", " + flow) + "}, expect: {rule: it}}]\n"),
                std::nullopt);
            REQUIRE(run);
            CHECK(run->results[0].failure == "");
        }
    }

    TEST_CASE("an interface that no zone names, and an ech that is neither, are said") {
        CHECK(failure("client: 10.20.4.1, interface: eth9", "action: accept") ==
              "no zone of the policy names the interface `eth9`; none: one of no zone");
        CHECK(failure("client: 10.20.4.1, ech: maybe", "action: accept") ==
              "`maybe` is neither true nor false");
    }
}
