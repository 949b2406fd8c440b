// Tests of rules/policy/policy_times.cpp, policy_lists.cpp and of what policy_reader.cpp adds to
// rules: exemptions, rollouts, lists, included files.
#include "rules/policy/policy_times.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "rules/policy/loader.hpp"
#include "tests/policy/samples.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace octroi;
using samples::address;
using samples::policy;
using samples::policy_findings;

namespace {

constexpr std::string_view zones =
    "octroi: 1\ndefaults: {timezone: Europe/Paris}\n"
    "zones: {pilot: [10.20.4.0/24], press: [10.20.8.0/28]}\n";

Policy at(std::string_view rules, std::string_view moment) {
    const Policy read = policy(std::string(zones) + std::string(rules));
    return read.at(parse_moment(moment, read.defaults().time_zone).value());
}

Facts flow_of(const Policy& policy, std::string_view client, ServiceId service) {
    return {.zones = policy.zones_of(address(client)),
            .client = address(client),
            .port = 443,
            .service_known = true,
            .service = service,
            .name_known = true,
            .protocol_known = true,
            .application_known = true,
            .classified_known = true};
}

// "action/would by rule"
std::string decide(const Policy& policy, std::string_view client, ServiceId service) {
    const Decision decision = policy.decide(flow_of(policy, client, service));
    REQUIRE(decision.settled());
    const Rule* rule = decision.rule();
    return std::string(to_string(decision.enforced.action)) + "/" +
           std::string(to_string(decision.would.action)) + " by " +
           (rule == nullptr ? "none" : rule->name);
}

constexpr ServiceId zoom = 1;
constexpr ServiceId x = 2047;

}  // namespace

TEST_SUITE("exemptions") {
    constexpr std::string_view exempted =
        "rules: [{name: social, when: {category: social}, then: reject}]\n"
        "exemptions:\n"
        "  - {name: press-desk, when: {zone: press, service: x}, until: 2027-03-31, owner: press,\n"
        "     ticket: SEC-4211}\n";

    TEST_CASE("an exemption comes before the rules, and ends with its last day") {
        CHECK(decide(at(exempted, "2027-03-31T23:59"), "10.20.8.3", x) ==
              "accept/accept by press-desk");
        CHECK(decide(at(exempted, "2027-04-01"), "10.20.8.3", x) == "reject/reject by social");
        CHECK(decide(at(exempted, "2027-03-31"), "10.20.4.3", x) == "reject/reject by social");
    }

    TEST_CASE("owner, ticket and until are required") {
        const auto findings =
            policy_findings("octroi: 1\nrules: []\nexemptions: [{name: a, when: {service: x}}]\n");
        std::set<std::string> texts;
        for (const Finding& finding : findings)
            texts.insert(finding.text);
        CHECK(texts == std::set<std::string>{"an exemption needs `until`",
                                             "an exemption needs `owner`",
                                             "an exemption needs `ticket`"});
    }

    TEST_CASE("a rule and an exemption cannot share a name") {
        const auto findings = policy_findings(
            "octroi: 1\nrules: [{name: a, then: drop}]\n"
            "exemptions: [{name: a, until: 2027-01-01, owner: o, ticket: t}]\n");
        REQUIRE(findings.size() == 1);
        CHECK(findings.front().code == Code::duplicate_name);
    }
}

TEST_SUITE("dates, hours and rollouts of rules") {
    TEST_CASE("a rule acts within its dates and hours alone") {
        constexpr std::string_view rules =
            "rules:\n  - {name: leisure, when: {category: social}, then: reject,\n"
            "     from: 2026-12-01, until: 2026-12-31, hours: [Mon-Fri 07:00-20:00, Sat "
            "08:00-09:00]}";
        CHECK(decide(at(rules, "2026-11-30T12:00"), "10.20.4.7", x) == "accept/accept by none");
        CHECK(decide(at(rules, "2026-12-01T12:00"), "10.20.4.7", x) == "reject/reject by leisure");
        CHECK(decide(at(rules, "2026-12-01T21:00"), "10.20.4.7", x) == "accept/accept by none");
        CHECK(decide(at(rules, "2026-12-05T08:30"), "10.20.4.7", x) == "reject/reject by leisure");
        CHECK(decide(at(rules, "2026-12-31T19:00"), "10.20.4.7", x) == "reject/reject by leisure");
        CHECK(decide(at(rules, "2027-01-01T12:00"), "10.20.4.7", x) == "accept/accept by none");
    }

    constexpr std::string_view staged =
        "rules:\n  - name: conferencing\n    when: {service: zoom}\n    then: reject\n"
        "    rollout:\n"
        "      - {from: 2026-12-01, zone: pilot}\n"
        "      - {from: 2027-01-01, percent: 25}\n"
        "      - {from: 2027-02-01, percent: 50}\n"
        "      - {from: 2027-03-01}\n";

    TEST_CASE("a rollout enforces zone by zone and monitors everybody else") {
        CHECK(decide(at(staged, "2026-11-30"), "10.20.4.7", zoom) ==
              "accept/reject by conferencing");
        CHECK(decide(at(staged, "2026-12-01"), "10.20.4.7", zoom) ==
              "reject/reject by conferencing");
        CHECK(decide(at(staged, "2026-12-01"), "10.20.9.7", zoom) ==
              "accept/reject by conferencing");
        CHECK(decide(at(staged, "2027-03-01"), "10.20.9.7", zoom) ==
              "reject/reject by conferencing");
    }

    TEST_CASE("a share grows without letting go of a client") {
        const Policy quarter = at(staged, "2027-01-01");
        const Policy half = at(staged, "2027-02-01");
        int quarters = 0;
        int halves = 0;
        constexpr int clients = 4000;
        for (int i = 0; i < clients; ++i) {
            const std::string client =
                "10.30." + std::to_string(i / 256) + "." + std::to_string(i % 256);
            const bool first = decide(quarter, client, zoom).starts_with("reject");
            const bool second = decide(half, client, zoom).starts_with("reject");
            REQUIRE((!first || second));
            quarters += first ? 1 : 0;
            halves += second ? 1 : 0;
        }
        CHECK(quarters > 850);
        CHECK(quarters < 1150);
        CHECK(halves > 1850);
        CHECK(halves < 2150);
    }

    TEST_CASE("the next edge of a policy is the first of its rules'") {
        const Policy read = at(staged, "2026-11-30");
        const auto zone = read.defaults().time_zone;
        REQUIRE(read.next_edge());
        CHECK(to_string(*read.next_edge(), zone) == "2026-12-01T00:00:00+01:00");
        const Policy later = read.at(*read.next_edge());
        CHECK(to_string(later.next_edge().value(), zone) == "2027-01-01T00:00:00+01:00");
        CHECK_FALSE(at(staged, "2027-03-01").next_edge());
    }

    TEST_CASE("what contradicts itself is refused") {
        const auto code_of = [](std::string_view rule) {
            const auto findings =
                policy_findings(std::string(zones) + "rules: [" + std::string(rule) + "]\n");
            REQUIRE(findings.size() == 1);
            return findings.front().code;
        };
        CHECK(code_of("{name: a, then: drop, mode: monitor, rollout: [{from: 2026-12-01}]}") ==
              Code::conflict);
        CHECK(code_of("{name: a, then: drop, from: 2026-12-02, until: 2026-12-01}") ==
              Code::bad_time);
        CHECK(code_of("{name: a, then: drop, from: 2026-02-30}") == Code::bad_time);
        CHECK(code_of("{name: a, then: drop, hours: 9-17}") == Code::bad_time);
        CHECK(code_of("{name: a, then: drop, rollout: [{percent: 5}]}") == Code::missing_key);
        CHECK(code_of("{name: a, then: drop, rollout: [{from: 2026-12-01, percent: 101}]}") ==
              Code::bad_value);
        CHECK(code_of("{name: a, then: drop, rollout: [{from: 2026-12-01, zone: pilott}]}") ==
              Code::unknown_zone);
    }
}

TEST_SUITE("lists and included files") {
    TEST_CASE("a list stands for its names and networks, inline or from a file") {
        const TemporaryFolder folder;
        static_cast<void>(folder.write("partners.txt",
                                       "# partners\npartner.example\r\n  =only.example # alone\n\n"
                                       "192.0.2.0/24\n2001:db8::/32\n198.51.100.7\n"));
        const std::string path =
            folder.write("policy.yaml",
                         "octroi: 1\nlists: {partners: {file: partners.txt}, own: [own.example]}\n"
                         "rules:\n  - {name: names, when: {name: [$partners, $own]}, then: drop}\n"
                         "  - {name: networks, when: {address: $partners}, then: reject}\n");
        const auto loaded = load_policy(path, samples::catalogue());
        REQUIRE(loaded);
        const auto rule_for = [&](std::string_view name, std::string_view server) {
            Facts facts = flow_of(*loaded, "10.20.4.7", no_service);
            facts.name = name;
            facts.server = address(server);
            const Rule* rule = loaded->decide(facts).rule();
            return rule == nullptr ? std::string("none") : rule->name;
        };
        CHECK(rule_for("www.partner.example", "203.0.113.1") == "names");
        CHECK(rule_for("only.example", "203.0.113.1") == "names");
        CHECK(rule_for("www.only.example", "203.0.113.1") == "none");
        CHECK(rule_for("a.own.example", "203.0.113.1") == "names");
        CHECK(rule_for("", "192.0.2.9") == "networks");
        CHECK(rule_for("", "2001:db8::9") == "networks");
        CHECK(rule_for("", "198.51.100.7") == "networks");
        CHECK(rule_for("", "198.51.100.8") == "none");
    }

    TEST_CASE("what is wrong in a list's file is told with its own line") {
        const TemporaryFolder folder;
        static_cast<void>(folder.write("bad.txt", "good.example\n\n  10.0.0.1/8\n"));
        const std::string path =
            folder.write("policy.yaml", "octroi: 1\nlists: {bad: {file: bad.txt}}\nrules: []\n");
        const auto loaded = load_policy(path, samples::catalogue());
        REQUIRE_FALSE(loaded);
        REQUIRE(loaded.error().size() == 1);
        CHECK(loaded.error().front().file == folder.path("bad.txt"));
        CHECK(loaded.error().front().position == Position{.line = 3, .column = 3});
        CHECK(loaded.error().front().code == Code::bad_network);
    }

    TEST_CASE("a list that is not there suggests one that is") {
        const auto findings = policy_findings(
            "octroi: 1\nlists: {partners: [a.example]}\n"
            "rules: [{name: a, when: {name: $partner}, then: drop}]\n");
        REQUIRE(findings.size() == 1);
        CHECK(findings.front().code == Code::unknown_list);
        CHECK(findings.front().hint == "did you mean `partners`?");
    }

    TEST_CASE("the files of a folder follow the policy in order of their names") {
        const TemporaryFolder folder;
        std::filesystem::create_directory(folder.path("policy.d"));
        static_cast<void>(folder.write(
            "policy.d/20.yaml", "octroi: 1\nrules: [{name: c, when: {zone: late}, then: drop}]\n"));
        static_cast<void>(
            folder.write("policy.d/10.yaml",
                         "octroi: 1\nzones: {late: [10.9.0.0/16]}\n"
                         "rules: [{name: b, then: accept, when: {service: visio}}]\n"));
        static_cast<void>(folder.write("policy.d/README.txt", "not a policy"));
        const std::string path = folder.write("policy.yaml",
                                              "octroi: 1\ninclude: policy.d\nrules: [{name: a, "
                                              "when: {service: zoom}, then: reject}]\n");
        const auto loaded = load_policy(path, samples::catalogue());
        REQUIRE(loaded);
        std::string names;
        for (const Rule& rule : loaded->rules())
            names += rule.name;
        CHECK(names == "abc");
        CHECK(loaded->rules().back().file == folder.path("policy.d/20.yaml"));
        CHECK(decide(*loaded, "10.9.1.1", no_service) == "drop/drop by c");
    }

    TEST_CASE("a broken file of the folder refuses the whole policy") {
        const TemporaryFolder folder;
        std::filesystem::create_directory(folder.path("policy.d"));
        static_cast<void>(folder.write("policy.d/10.yaml", "octroi: 1\ndefaults: {}\n"));
        const std::string path =
            folder.write("policy.yaml", "octroi: 1\ninclude: policy.d\nrules: []\n");
        const auto loaded = load_policy(path, samples::catalogue());
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().front().file == folder.path("policy.d/10.yaml"));
        CHECK(loaded.error().front().code == Code::unknown_key);
        CHECK_FALSE(load_policy(folder.write("none.yaml", "octroi: 1\ninclude: none.d\n"),
                                samples::catalogue()));
    }
}
