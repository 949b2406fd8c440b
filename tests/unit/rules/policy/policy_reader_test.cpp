// Tests of rules/policy/policy_reader.cpp, by way of read_policy in rules/policy/policy.hpp.
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "rules/policy/policy.hpp"
#include "tests/policy/samples.hpp"
#include "tests/unit/wire.hpp"

using octroi::Action;
using octroi::Code;
using octroi::Finding;
using octroi::Mode;
using octroi::Policy;
using octroi::samples::policy;
using octroi::samples::policy_findings;
using octroi::wire::address;

namespace {

// One finding that a policy must give: its code, its place, what it says and its hint.
struct Expected {
    std::string_view policy;
    Code code;
    std::size_t line;
    std::size_t column;
    std::string_view text;
    std::string_view hint = "";
};

void check_only_finding(const Expected& expected) {
    CAPTURE(expected.policy);
    const std::vector<Finding> findings = policy_findings(std::string(expected.policy));
    REQUIRE(findings.size() == 1);
    const Finding& finding = findings.front();
    CHECK(finding.code == expected.code);
    CHECK(finding.position.line == expected.line);
    CHECK(finding.position.column == expected.column);
    CHECK(finding.text == expected.text);
    CHECK(finding.hint == expected.hint);
}

// A policy of one rule on two lines; the second line starts with `when: {` in column 3.
std::string with_condition(std::string_view condition) {
    return "{octroi: 1, zones: {pilot: [10.0.0.0/8], press: []}, rules: [{name: r, then: drop,\n"
           "  when: {" +
           std::string(condition) + "}}]}";
}

void check_condition(std::string_view condition, Code code, std::size_t column,
                     std::string_view text, std::string_view hint = "") {
    check_only_finding({with_condition(condition), code, 2, column, text, hint});
}

}  // namespace

TEST_SUITE("policy reader") {
    TEST_CASE("the prefixes of NAT64 are IPv6 networks of the lengths that RFC 6052 knows") {
        const Policy p =
            policy("{octroi: 1, nat64: [\"2001:db8:64::/96\", \"fd64::/48\"], rules: []}");
        REQUIRE(p.nat64().size() == 2);
        CHECK(p.inside(address("2001:db8:64::192.0.2.1")) == address("192.0.2.1"));
        CHECK(p.inside(address("64:ff9b::192.0.2.1")) == address("192.0.2.1"));
        CHECK_FALSE(p.inside(address("2001:db8::1")));
        constexpr std::string_view hint =
            "an IPv6 network of 32, 40, 48, 56, 64 or 96 bits (RFC 6052)";
        check_only_finding({"{octroi: 1, rules: [], nat64: [\"fd64::/95\"]}", Code::bad_network, 1,
                            32, "`fd64::/95` is no prefix of NAT64", hint});
        check_only_finding({"{octroi: 1, rules: [], nat64: [10.0.0.0/8]}", Code::bad_network, 1, 32,
                            "`10.0.0.0/8` is no prefix of NAT64", hint});
        std::string many = "{octroi: 1, rules: [], nat64: [";
        for (int i = 0; i < 33; ++i)
            many += "\"fd64::/48\",";
        check_only_finding({many + "]}", Code::too_many, 1, 31, "more than 32 prefixes"});
    }

    TEST_CASE("a policy is read with its zones, rules, reasons and places") {
        const Policy p = policy(
            "octroi: 1\n"
            "defaults: {action: reject, mode: monitor}\n"
            "zones:\n"
            "  pilot: [10.20.4.0/24]\n"
            "  phones: {networks: [10.64.0.0/12], interfaces: [wwan0]}\n"
            "rules:\n"
            "  - name: state-tools\n"
            "    when: {service: [visio, tchap]}\n"
            "    then: accept\n"
            "    mode: enforce\n"
            "    reason: must never suffer\n"
            "  - {name: rest, then: drop}\n");
        CHECK(p.defaults().action == Action::reject);
        CHECK(p.defaults().mode == Mode::monitor);
        REQUIRE(p.zones().size() == 2);
        CHECK(p.zones()[0].name == "pilot");
        CHECK(p.zones()[1].interfaces == std::vector<std::string>{"wwan0"});
        CHECK(to_string(p.zones()[1].networks.at(0)) == "10.64.0.0/12");
        REQUIRE(p.rules().size() == 2);
        CHECK(p.rules()[0].name == "state-tools");
        CHECK(p.rules()[0].mode == Mode::enforce);
        CHECK(p.rules()[0].then == Action::accept);
        CHECK(p.rules()[0].reason == "must never suffer");
        CHECK(p.rules()[0].position.line == 7);
        CHECK(p.rules()[1].mode == Mode::monitor);
        CHECK(p.rules()[1].then == Action::drop);
        CHECK(p.file() == "sample.yaml");
    }

    TEST_CASE("defaults come into force wherever they stand in the file") {
        const Policy p =
            policy("{rules: [{name: r, then: drop}], defaults: {mode: monitor}, octroi: 1}");
        CHECK(p.rules()[0].mode == Mode::monitor);
    }

    TEST_CASE("without defaults a policy accepts and enforces") {
        const Policy p = policy("{octroi: 1, rules: []}");
        CHECK(p.defaults().action == Action::accept);
        CHECK(p.defaults().mode == Mode::enforce);
    }

    TEST_CASE("each action is read under its name") {
        const Policy p = policy(
            "{octroi: 1, rules: [{name: a, then: accept}, {name: b, then: drop}, {name: c, then: "
            "reject}]}");
        CHECK(p.rules()[0].then == Action::accept);
        CHECK(p.rules()[1].then == Action::drop);
        CHECK(p.rules()[2].then == Action::reject);
    }

    TEST_CASE("the format version is required and must be known") {
        check_only_finding({"{rules: []}", Code::missing_key, 1, 1, "a policy needs `octroi`"});
        for (const char* version : {"2", "one", "1.0", "[1]", "~"})
            check_only_finding({std::string("rules: []\noctroi: ") + version, Code::bad_version, 2,
                                9, "this format version is not known",
                                "this octroi reads `octroi: 1`"});
    }

    TEST_CASE("rules are required and are a list") {
        check_only_finding({"octroi: 1", Code::missing_key, 1, 1, "a policy needs `rules`"});
        check_only_finding({"octroi: 1\nrules: {name: r, then: drop}", Code::wrong_type, 2, 8,
                            "a list belongs here, not a map"});
        check_only_finding({"octroi: 1\nrules: [drop]", Code::wrong_type, 2, 9,
                            "a rule must be a map of `key: value`, not a single value"});
    }

    TEST_CASE("an empty policy is not a policy") {
        CHECK(policy_findings("").at(0).code == Code::wrong_type);
        CHECK(policy_findings("- octroi: 1").at(0).code == Code::wrong_type);
    }

    TEST_CASE("unknown keys are refused at every level") {
        check_only_finding({"octroi: 1\nrules: []\nzone: {}", Code::unknown_key, 3, 1,
                            "a policy has no key `zone`", "did you mean `zones`?"});
        check_only_finding({"octroi: 1\nrules: []\ndefaults: {actoin: drop}", Code::unknown_key, 3,
                            12, "`defaults` has no key `actoin`", "did you mean `action`?"});
        check_only_finding({"octroi: 1\nrules: [{name: r, than: drop, then: drop}]",
                            Code::unknown_key, 2, 19, "a rule has no key `than`",
                            "did you mean `then`?"});
        check_only_finding({"octroi: 1\nrules: []\nexceptions: {midsteam: drop}", Code::unknown_key,
                            3, 14, "`exceptions` has no key `midsteam`",
                            "did you mean `midstream`?"});
        check_only_finding({"octroi: 1\nrules: []\nzones: {a: {network: []}}", Code::unknown_key, 3,
                            13, "a zone has no key `network`", "did you mean `networks`?"});
        check_condition("servce: zoom", Code::unknown_key, 10, "`when` has no key `servce`",
                        "did you mean `service`?");
    }

    TEST_CASE("a rule needs a name and an action") {
        check_only_finding(
            {"octroi: 1\nrules: [{then: drop}]", Code::missing_key, 2, 9, "a rule needs `name`"});
        check_only_finding(
            {"octroi: 1\nrules: [{name: r}]", Code::missing_key, 2, 9, "a rule needs `then`"});
    }

    TEST_CASE("actions and modes are closed sets") {
        check_only_finding({"octroi: 1\nrules: [{name: r, then: rejct}]", Code::bad_value, 2, 25,
                            "`rejct` is not an action", "did you mean `reject`?"});
        check_only_finding({"octroi: 1\nrules: [{name: r, then: block}]", Code::bad_value, 2, 25,
                            "`block` is not an action", "one of: accept, drop, reject"});
        check_only_finding({"octroi: 1\nrules: [{name: r, then: drop, mode: observe}]",
                            Code::bad_value, 2, 37, "`observe` is not a mode",
                            "one of: enforce, monitor"});
        check_only_finding({"octroi: 1\nrules: []\nexceptions: {malformed: refuse}",
                            Code::bad_value, 3, 25, "`refuse` is not an action",
                            "one of: accept, drop, reject"});
    }

    TEST_CASE("names of rules and zones are plain words of at most 64 letters") {
        const std::string_view hint = "letters, digits, `-`, `_` and `.`, 64 at most";
        check_only_finding({"octroi: 1\nrules: [{name: 'a rule', then: drop}]", Code::bad_value, 2,
                            16, "`a rule` is not a name", hint});
        check_only_finding({"octroi: 1\nrules: []\nzones: {'a,b': []}", Code::bad_value, 3, 9,
                            "`a,b` is not a name", hint});
        CHECK(policy_findings("{octroi: 1, rules: [{then: drop, name: " + std::string(64, 'a') +
                              "}]}")
                  .empty());
        CHECK(policy_findings("{octroi: 1, rules: [{then: drop, name: " + std::string(65, 'a') +
                              "}]}")
                  .at(0)
                  .code == Code::bad_value);
    }

    TEST_CASE("two rules of one name are refused at the second") {
        check_only_finding(
            {"octroi: 1\nrules:\n  - {name: r, then: drop}\n  - {name: r, then: accept}",
             Code::duplicate_name, 4, 5, "a second rule is called `r`",
             "metrics and events tell rules apart by name: give this one another"});
    }

    TEST_CASE("zones are a map of lists or of networks and interfaces") {
        check_only_finding({"octroi: 1\nrules: []\nzones: [10.0.0.0/8]", Code::wrong_type, 3, 8,
                            "`zones` must be a map of `name: networks`"});
        CHECK(policy_findings("{octroi: 1, rules: [], zones: {a: 10.0.0.0/8}}").at(0).code ==
              Code::wrong_type);
        check_only_finding({"octroi: 1\nrules: []\nzones: {a: [10.0.0.1/8]}", Code::bad_network, 3,
                            13, "`10.0.0.1/8` has bits set behind its prefix length",
                            "did you mean `10.0.0.0/8`?"});
        CHECK(policy_findings("{octroi: 1, rules: [], zones: }").empty());
    }

    TEST_CASE("as many zones as the bit set holds, not one more") {
        const auto zones = [](std::size_t count) {
            std::string text = "{octroi: 1, rules: [], zones: {";
            for (std::size_t i = 0; i < count; ++i)
                text += "z" + std::to_string(i) + ": [], ";
            return text + "}}";
        };
        CHECK(policy_findings(zones(octroi::max_zones)).empty());
        CHECK(policy_findings(zones(octroi::max_zones + 1)).at(0).code == Code::too_many);
    }

    TEST_CASE("ten thousand rules are read, one more is refused") {
        const auto rules = [](std::size_t count) {
            std::string text = "octroi: 1\nrules:\n";
            for (std::size_t i = 0; i < count; ++i)
                text += "- {name: r" + std::to_string(i) + ", then: drop}\n";
            return text;
        };
        CHECK(policy(rules(10'000)).rules().size() == 10'000);
        CHECK(policy_findings(rules(10'001)).at(0).code == Code::too_many);
    }

    TEST_CASE("all findings of a policy come at once") {
        CHECK(policy_findings("{octroi: 3, rules: [{name: '', then: x, when: {zone: a, port: b}}],"
                              " more: 1}")
                  .size() == 6);
    }
}

TEST_SUITE("policy reader conditions") {
    TEST_CASE("an unknown service suggests the one that was meant") {
        check_condition("service: zom", Code::unknown_service, 19,
                        "`zom` is not a service of the catalogue", "did you mean `zoom`?");
        check_condition("service: [tchap, vizio]", Code::unknown_service, 27,
                        "`vizio` is not a service of the catalogue", "did you mean `visio`?");
        check_condition("service: {not: zom}", Code::unknown_service, 25,
                        "`zom` is not a service of the catalogue", "did you mean `zoom`?");
    }

    TEST_CASE("an unknown zone suggests a zone of this policy") {
        check_condition("zone: pilott", Code::unknown_zone, 16,
                        "`pilott` is not a zone of this policy", "did you mean `pilot`?");
        check_condition("zone: [pilot, interior]", Code::unknown_zone, 24,
                        "`interior` is not a zone of this policy", "one of: pilot, press");
    }

    TEST_CASE("categories and jurisdictions that no service has are refused") {
        check_condition("category: videoconferencing", Code::bad_value, 20,
                        "`videoconferencing` is not a category of any service in the catalogue",
                        "did you mean `video-conferencing`?");
        check_condition("jurisdiction: France", Code::bad_value, 24,
                        "`France` is not a jurisdiction of any service in the catalogue",
                        "one of: FR, US");
    }

    TEST_CASE("conditions that no service can fulfil together are refused") {
        check_condition("category: social, jurisdiction: FR", Code::bad_value, 42,
                        "no service fulfils all conditions of this rule",
                        "`octroi catalogue list` shows each service's category and jurisdiction");
        CHECK(policy_findings(with_condition("category: social, jurisdiction: US")).empty());
    }

    TEST_CASE("names, networks, ports and transports are checked one by one") {
        check_condition("name: [zoom.us, '*.zoom.us']", Code::bad_domain, 26,
                        "`*.zoom.us` is not a domain name",
                        "a domain means itself and its subdomains: leave out `*.`");
        check_condition("name: '=bad name'", Code::bad_domain, 16,
                        "`bad name` is not a domain name");
        check_condition("client: [10.0.0.0/8, 10.0.0.1/8]", Code::bad_network, 31,
                        "`10.0.0.1/8` has bits set behind its prefix length",
                        "did you mean `10.0.0.0/8`?");
        check_condition("address: zoom.us", Code::bad_network, 19,
                        "`zoom.us` is not an IPv4 or IPv6 network",
                        "examples: 10.20.0.0/16, \"fd00:20::/48\"");
        check_condition("port: [443, 70000]", Code::bad_port, 22,
                        "`70000` is neither a port nor a range of ports",
                        "examples: 443, 3478-3481");
        check_condition("transport: tpc", Code::bad_value, 21, "`tpc` is not a transport",
                        "one of: tcp, udp, icmp, other");
    }

    TEST_CASE("a condition with nothing in it is refused") {
        for (const std::string_view key : {"zone", "client", "service", "category", "jurisdiction",
                                           "name", "address", "port", "transport"})
            check_condition(std::string(key) + ": []", Code::bad_value, 12 + key.size(),
                            "an empty list matches nothing",
                            "leave the condition out, or name a value");
        check_condition("port: {not: []}", Code::bad_value, 22, "an empty list matches nothing",
                        "leave the condition out, or name a value");
    }

    TEST_CASE("the only map in a condition is `not`, once") {
        check_condition("port: {nott: 80, not: 81}", Code::unknown_key, 17,
                        "a negated condition has no key `nott`", "did you mean `not`?");
        check_condition("port: {not: {not: 80}}", Code::wrong_type, 22,
                        "a single value belongs here, not a map");
        check_condition("port: [[80]]", Code::wrong_type, 17,
                        "a single value belongs here, not a list");
    }

    TEST_CASE("`when` must be a map; without it a rule is for every flow") {
        check_only_finding({"octroi: 1\nrules: [{name: r, then: drop, when: zoom}]",
                            Code::wrong_type, 2, 37,
                            "`when` must be a map of `key: value`, not a single value"});
        CHECK_FALSE(policy("{octroi: 1, rules: [{name: r, then: drop}]}").rules()[0].when.zone);
        CHECK(policy_findings("{octroi: 1, rules: [{name: r, then: drop, when: {}}]}").empty());
    }
}
