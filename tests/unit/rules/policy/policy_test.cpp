#include "rules/policy/policy.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/policy/samples.hpp"

using octroi::Action;
using octroi::Decision;
using octroi::Facts;
using octroi::Outcome;
using octroi::Policy;
using octroi::samples::address;
using octroi::samples::flow;
using octroi::samples::flow_of;
using octroi::samples::policy;

namespace {

constexpr octroi::ServiceId zoom = 1;
constexpr octroi::ServiceId visio = 4;
constexpr octroi::ServiceId tchap = 5;

Facts flow_to(const Policy& policy, std::string_view name) {
    Facts facts = flow(policy);
    facts.name = name;
    return facts;
}

Facts nothing_known(const Policy& policy) {
    Facts facts = flow(policy);
    facts.service_known = false;
    facts.name_known = false;
    return facts;
}

std::string_view rule_of(const Outcome& outcome) {
    return outcome.rule == nullptr ? "none" : std::string_view(outcome.rule->name);
}

// A policy of one rule `r` that rejects when `conditions` hold.
Policy rejecting(std::string_view conditions) {
    return policy(
        "{octroi: 1, zones: {pilot: [10.20.4.0/24], press: {networks: [10.20.8.0/28]}},"
        " rules: [{name: r, then: reject, when: {" +
        std::string(conditions) + "}}]}");
}

bool hits(std::string_view conditions, const Facts& facts) {
    return rejecting(conditions).decide(facts).enforced.action == Action::reject;
}

}  // namespace

TEST_SUITE("policy conditions") {
    TEST_CASE("the first rule that matches decides, later ones are not asked") {
        const Policy both = policy(
            "{octroi: 1, rules: [{name: a, then: drop, when: {port: 80}},"
            " {name: b, then: accept, when: {port: 443}}, {name: c, then: reject}]}");
        const Decision decision = both.decide(flow(both));
        CHECK(decision.settled());
        CHECK(decision.enforced.action == Action::accept);
        CHECK(rule_of(decision.enforced) == "b");
        Facts other = flow(both);
        other.port = 8080;
        CHECK(rule_of(both.decide(other).enforced) == "c");
    }

    TEST_CASE("where no rule matches the default decides without a rule") {
        const Policy closed = policy("{octroi: 1, defaults: {action: reject}, rules: []}");
        const Decision decision = closed.decide(flow(closed));
        CHECK(decision.enforced.action == Action::reject);
        CHECK(decision.rule() == nullptr);
        CHECK_FALSE(decision.exception);
    }

    TEST_CASE("all conditions of a rule must hold") {
        const Policy p = rejecting("zone: pilot, service: zoom, port: 443");
        Facts facts = flow(p, "10.20.4.7");
        facts.service = zoom;
        CHECK(p.decide(facts).enforced.action == Action::reject);
        facts.port = 444;
        CHECK(p.decide(facts).enforced.action == Action::accept);
        facts.port = 443;
        facts.zones.reset();
        CHECK(p.decide(facts).enforced.action == Action::accept);
    }

    TEST_CASE("`not` turns each condition round") {
        const Policy p = rejecting("");
        CHECK(hits("port: {not: 80}", flow(p)));
        CHECK_FALSE(hits("port: {not: [80, 443]}", flow(p)));
        CHECK(hits("transport: {not: udp}", flow(p)));
        CHECK_FALSE(hits("transport: {not: [udp, tcp]}", flow(p)));
        CHECK(hits("client: {not: 10.0.0.0/16}", flow(p)));
        CHECK_FALSE(hits("client: {not: 10.0.0.0/8}", flow(p)));
        CHECK(hits("address: {not: 10.0.0.0/8}", flow(p)));
        CHECK_FALSE(hits("address: {not: 203.0.113.0/24}", flow(p)));
        CHECK(hits("zone: {not: pilot}", flow(p)));
        CHECK_FALSE(hits("zone: {not: [press, pilot]}", flow(p, "10.20.4.7")));
        CHECK(hits("name: {not: zoom.us}", flow_to(p, "example.org")));
        CHECK_FALSE(hits("name: {not: zoom.us}", flow_to(p, "eu.zoom.us")));
    }

    TEST_CASE("a flow without a service is outside every service, category and country") {
        const Policy p = rejecting("");
        CHECK(hits("service: {not: zoom}", flow(p)));
        CHECK(hits("category: {not: social}", flow(p)));
        CHECK(hits("jurisdiction: {not: FR}", flow(p)));
        CHECK_FALSE(hits("service: zoom", flow(p)));
        CHECK_FALSE(hits("category: video-conferencing, jurisdiction: {not: FR}", flow(p)));
    }

    TEST_CASE("category and jurisdiction are those of the service") {
        const Policy p = rejecting("");
        const std::string_view foreign = "category: video-conferencing, jurisdiction: {not: FR}";
        CHECK(hits(foreign, flow_of(p, zoom)));
        CHECK_FALSE(hits(foreign, flow_of(p, visio)));
        CHECK_FALSE(hits(foreign, flow_of(p, tchap)));
        CHECK(hits("jurisdiction: FR", flow_of(p, tchap)));
        CHECK(hits("category: [social, messaging]", flow_of(p, tchap)));
        CHECK(hits("category: messaging, service: {not: signal}", flow_of(p, tchap)));
    }

    TEST_CASE("a name means itself and its subdomains, `=` the name alone") {
        const Policy p = rejecting("");
        CHECK(hits("name: zoom.us", flow_to(p, "zoom.us")));
        CHECK(hits("name: zoom.us", flow_to(p, "a.b.zoom.us")));
        CHECK_FALSE(hits("name: zoom.us", flow_to(p, "evilzoom.us")));
        CHECK(hits("name: =zoom.us", flow_to(p, "zoom.us")));
        CHECK_FALSE(hits("name: =zoom.us", flow_to(p, "a.zoom.us")));
        CHECK_FALSE(hits("name: zoom.us", flow_to(p, "")));
        CHECK(hits("name: {not: zoom.us}", flow_to(p, "")));
    }

    TEST_CASE("ports, client and server are told apart") {
        const Policy p = rejecting("");
        CHECK(hits("port: [80, 440-450]", flow(p)));
        CHECK_FALSE(hits("port: [80, 444-450]", flow(p)));
        CHECK(hits("client: 10.20.9.9", flow(p)));
        CHECK_FALSE(hits("address: 10.20.9.9", flow(p)));
        CHECK(hits("address: 203.0.113.5", flow(p)));
    }

    TEST_CASE("protocol numbers become transports") {
        using octroi::Protocol;
        using octroi::Transport;
        CHECK(octroi::transport_of(Protocol::tcp) == Transport::tcp);
        CHECK(octroi::transport_of(Protocol::udp) == Transport::udp);
        CHECK(octroi::transport_of(Protocol::icmp) == Transport::icmp);
        CHECK(octroi::transport_of(Protocol::icmpv6) == Transport::icmp);
        CHECK(octroi::transport_of(static_cast<Protocol>(132)) == Transport::other);
    }
}

TEST_SUITE("policy before everything is known") {
    TEST_CASE("a rule on what is always known decides at once") {
        const Policy p = rejecting("client: 10.20.9.9, transport: tcp, port: 443");
        CHECK(p.decide(nothing_known(p)).settled());
        CHECK(p.decide(nothing_known(p)).enforced.action == Action::reject);
    }

    TEST_CASE("a rule that may still match holds back the rules behind it") {
        const Policy p = policy(
            "{octroi: 1, rules: [{name: a, then: accept, when: {service: visio}},"
            " {name: b, then: reject}]}");
        CHECK_FALSE(p.decide(nothing_known(p)).settled());
        CHECK(rule_of(p.decide(flow(p)).enforced) == "b");
    }

    TEST_CASE("a rule that cannot match any more holds nothing back") {
        const Policy p = policy(
            "{octroi: 1, rules: [{name: a, then: accept, when: {service: visio, port: 80}},"
            " {name: b, then: reject}]}");
        CHECK(rule_of(p.decide(nothing_known(p)).enforced) == "b");
    }

    TEST_CASE("service and name become known apart from one another") {
        const Policy by_service = rejecting("service: zoom");
        const Policy by_name = rejecting("name: zoom.us");
        Facts service_known = flow_of(by_service, zoom);
        service_known.name_known = false;
        CHECK(by_service.decide(service_known).settled());
        CHECK_FALSE(by_name.decide(service_known).settled());
        Facts name_known = flow_to(by_name, "zoom.us");
        name_known.service_known = false;
        CHECK_FALSE(by_service.decide(name_known).settled());
        CHECK(by_name.decide(name_known).settled());
    }

    TEST_CASE("a monitored rule that may still match delays only what would be") {
        const Policy p = policy(
            "{octroi: 1, rules: [{name: watch, then: drop, mode: monitor, when: {service: zoom}},"
            " {name: refuse, then: reject, when: {port: 443}}]}");
        const Decision decision = p.decide(nothing_known(p));
        CHECK(decision.enforced.settled);
        CHECK(rule_of(decision.enforced) == "refuse");
        CHECK_FALSE(decision.would.settled);
        CHECK_FALSE(decision.settled());
    }
}

TEST_SUITE("policy with unverified names") {
    TEST_CASE("an unverified service is not permitted by a rule on services, only forbidden") {
        const Policy p = policy(
            "{octroi: 1, defaults: {action: drop}, rules: ["
            "{name: state, then: accept, when: {service: visio}},"
            " {name: french, then: reject, when: {jurisdiction: FR}}]}");
        Facts facts = flow_of(p, visio);
        CHECK(rule_of(p.decide(facts).enforced) == "state");
        facts.service_verified = false;
        CHECK(rule_of(p.decide(facts).enforced) == "french");
    }

    TEST_CASE("rules that do not ask for the service permit it all the same") {
        const Policy p = policy(
            "{octroi: 1, defaults: {action: drop}, rules: ["
            "{name: all, then: accept, when: {port: 443}}]}");
        Facts facts = flow_of(p, visio);
        facts.service_verified = false;
        CHECK(rule_of(p.decide(facts).enforced) == "all");
    }
}
