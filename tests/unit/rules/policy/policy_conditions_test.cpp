// Tests of rules/policy/policy_conditions.cpp: what a condition answers before and after inspection
// ends.
#include "rules/policy/policy_conditions.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/policy/samples.hpp"

using octroi::Facts;
using octroi::Policy;
using octroi::Strength;
using octroi::Truth;
using octroi::samples::policy;
using octroi::samples::policy_findings;

namespace {

constexpr octroi::ServiceId zoom = 1;
constexpr octroi::ServiceId visio = 4;
constexpr octroi::ServiceId tchap = 5;

Facts at_first() {
    return {.client = octroi::samples::address("10.20.9.9"),
            .server = octroi::samples::address("203.0.113.5"),
            .port = 443};
}

// A flow that inspection has nothing more to tell about.
Facts at_end() {
    Facts facts = at_first();
    facts.service_known = true;
    facts.name_known = true;
    facts.protocol_known = true;
    facts.application_known = true;
    facts.classified_known = true;
    return facts;
}

Facts of_service(octroi::ServiceId service, Strength strength = Strength::observed) {
    Facts facts = at_end();
    facts.service = service;
    facts.strength = strength;
    return facts;
}

Facts speaking(std::string_view protocol, std::string_view application = {}) {
    Facts facts = at_end();
    facts.protocol = protocol;
    facts.application = application;
    return facts;
}

Policy one_rule(std::string_view conditions, std::string_view action) {
    return policy("{octroi: 1, rules: [{name: r, then: " + std::string(action) + ", when: {" +
                  std::string(conditions) + "}}]}");
}

Truth answer(std::string_view conditions, const Facts& facts, std::string_view action = "reject") {
    const Policy p = one_rule(conditions, action);
    return octroi::matches(p.rules().front(), facts);
}

// What read_policy says of a rule with these conditions.
std::string finding(std::string_view conditions) {
    const auto findings = policy_findings("{octroi: 1, rules: [{name: r, then: drop, when: {" +
                                          std::string(conditions) + "}}]}");
    return findings.size() == 1 ? findings[0].text + " / " + findings[0].hint
                                : std::to_string(findings.size()) + " findings";
}

}  // namespace

TEST_SUITE("conditions before inspection ends") {
    TEST_CASE("what the flow has not shown yet is neither true nor false, negated or not") {
        for (const std::string_view condition :
             {"protocol: TLS", "protocol: {not: TLS}", "application: Zoom",
              "application: {not: Zoom}", "ech: true", "ech: false", "strength: certain",
              "strength: {not: certain}", "vendor: Zoom", "vendor: {not: Zoom}",
              "unclassified: true", "unclassified: false"}) {
            CAPTURE(condition);
            CHECK(answer(condition, at_first()) == Truth::unknown);
            CHECK(answer(condition, at_end()) != Truth::unknown);
        }
    }

    TEST_CASE("each is known by itself") {
        Facts facts = at_first();
        facts.protocol_known = true;
        facts.protocol = "TLS";
        CHECK(answer("protocol: TLS", facts) == Truth::yes);
        CHECK(answer("application: Zoom", facts) == Truth::unknown);
        CHECK(answer("protocol: TLS, ech: true", facts) == Truth::unknown);
        CHECK(answer("protocol: QUIC, ech: true", facts) == Truth::no);
        facts.name_known = true;
        facts.ech = true;
        CHECK(answer("protocol: TLS, ech: true", facts) == Truth::yes);
        CHECK(answer("strength: none", facts) == Truth::unknown);
        CHECK(answer("unclassified: false", facts) == Truth::unknown);
    }

    TEST_CASE("a strength is known with the service, an address's at the first packet") {
        Facts facts = at_first();
        facts.service_known = true;
        facts.service = zoom;
        facts.strength = Strength::certain;
        CHECK(answer("strength: certain", facts) == Truth::yes);
        CHECK(answer("vendor: Zoom", facts) == Truth::yes);
        CHECK(answer("vendor: Zoom, protocol: TLS", facts) == Truth::unknown);
    }
}

TEST_SUITE("conditions when inspection has ended") {
    TEST_CASE("`protocol` is what speaks, by nDPI's names") {
        CHECK(answer("protocol: TLS", speaking("TLS")) == Truth::yes);
        CHECK(answer("protocol: [QUIC, TLS]", speaking("TLS")) == Truth::yes);
        CHECK(answer("protocol: QUIC", speaking("TLS")) == Truth::no);
        CHECK(answer("protocol: {not: [QUIC, TLS]}", speaking("STUN")) == Truth::yes);
        CHECK(answer("protocol: {not: [QUIC, TLS]}", speaking("TLS")) == Truth::no);
    }

    TEST_CASE("a flow that nobody recognises speaks no protocol and no application") {
        CHECK(answer("protocol: TLS", at_end()) == Truth::no);
        CHECK(answer("protocol: {not: TLS}", at_end()) == Truth::yes);
        CHECK(answer("application: Zoom", at_end()) == Truth::no);
        CHECK(answer("application: {not: Zoom}", at_end()) == Truth::yes);
    }

    TEST_CASE("`application` is nDPI's answer, not the service") {
        CHECK(answer("application: Zoom", speaking("TLS", "Zoom")) == Truth::yes);
        CHECK(answer("application: Zoom", of_service(zoom)) == Truth::no);
        CHECK(answer("application: [Teams, Zoom]", speaking("", "Zoom")) == Truth::yes);
        CHECK(answer("application: {not: Zoom}", speaking("", "Zoom")) == Truth::no);
    }

    TEST_CASE("`ech` is true or false") {
        Facts facts = at_end();
        CHECK(answer("ech: false", facts) == Truth::yes);
        CHECK(answer("ech: true", facts) == Truth::no);
        facts.ech = true;
        CHECK(answer("ech: false", facts) == Truth::no);
        CHECK(answer("ech: true", facts) == Truth::yes);
    }

    TEST_CASE("`unclassified` is true or false") {
        Facts facts = at_end();
        CHECK(answer("unclassified: false", facts) == Truth::yes);
        CHECK(answer("unclassified: true", facts) == Truth::no);
        facts.unclassified = true;
        CHECK(answer("unclassified: false", facts) == Truth::no);
        CHECK(answer("unclassified: true", facts) == Truth::yes);
    }

    TEST_CASE("`strength` is that strength alone, not everything above it") {
        CHECK(answer("strength: observed", of_service(zoom)) == Truth::yes);
        CHECK(answer("strength: correlated", of_service(zoom)) == Truth::no);
        CHECK(answer("strength: certain", of_service(zoom)) == Truth::no);
        CHECK(answer("strength: {not: certain}", of_service(zoom)) == Truth::yes);
        CHECK(answer("strength: [guessed, correlated]", of_service(zoom, Strength::guessed)) ==
              Truth::yes);
        CHECK(answer("strength: none", at_end()) == Truth::yes);
    }

    TEST_CASE("`vendor` is the service's, and joins category and jurisdiction") {
        CHECK(answer("vendor: DINUM", of_service(visio)) == Truth::yes);
        CHECK(answer("vendor: DINUM", of_service(tchap)) == Truth::yes);
        CHECK(answer("vendor: DINUM", of_service(zoom)) == Truth::no);
        CHECK(answer("vendor: DINUM, category: messaging", of_service(visio)) == Truth::no);
        CHECK(answer("vendor: DINUM, category: messaging", of_service(tchap)) == Truth::yes);
        CHECK(answer("vendor: {not: DINUM}", of_service(visio)) == Truth::no);
        CHECK(answer("vendor: {not: DINUM}", at_end()) == Truth::yes);
    }

    TEST_CASE("a service that is not verified is not permitted by its vendor") {
        Facts facts = of_service(visio);
        facts.service_verified = false;
        CHECK(answer("vendor: DINUM", facts, "accept") == Truth::no);
        CHECK(answer("vendor: DINUM", facts, "reject") == Truth::yes);
        CHECK(answer("strength: observed", facts, "accept") == Truth::yes);
    }

    TEST_CASE("all conditions must hold") {
        Facts facts = of_service(zoom);
        facts.protocol = "QUIC";
        facts.ech = true;
        CHECK(answer("vendor: Zoom, strength: observed, protocol: QUIC, ech: true", facts) ==
              Truth::yes);
        CHECK(answer("vendor: Zoom, strength: certain, protocol: QUIC, ech: true", facts) ==
              Truth::no);
        CHECK(answer("vendor: Zoom, strength: observed, protocol: QUIC, ech: false", facts) ==
              Truth::no);
    }
}

TEST_SUITE("conditions as they are written") {
    TEST_CASE("words that mean nothing are refused, with the one that was meant") {
        CHECK(finding("protocol: TSL").find("`TSL` is not a protocol of nDPI's") == 0);
        CHECK(finding("application: Zooom").find("did you mean `Zoom`?") != std::string::npos);
        CHECK(finding("strength: certian").find("did you mean `certain`?") != std::string::npos);
        CHECK(finding("vendor: Micro-soft").find("did you mean `Microsoft`?") != std::string::npos);
    }

    TEST_CASE("flags are neither words nor lists nor negated") {
        for (const std::string_view condition : {"ech: maybe", "ech: [true]", "ech: {not: true}",
                                                 "unclassified: 1", "unclassified: []"}) {
            CAPTURE(condition);
            CHECK(finding(condition) != "0 findings");
        }
    }

    TEST_CASE("a vendor that leaves no service is refused where it stands") {
        CHECK(finding("vendor: DINUM, jurisdiction: US")
                  .find("no service fulfils all conditions of this rule") == 0);
        CHECK(finding("vendor: []").find("an empty list matches nothing") == 0);
    }

    TEST_CASE("only a rule on the application makes nDPI look at every flow") {
        CHECK(one_rule("application: Zoom", "drop").asks_application());
        CHECK(one_rule("application: {not: Zoom}", "drop").asks_application());
        CHECK_FALSE(one_rule("protocol: TLS, service: zoom", "drop").asks_application());
    }
}
