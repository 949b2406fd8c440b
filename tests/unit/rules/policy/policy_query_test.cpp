#include "rules/policy/policy_query.hpp"

#include <doctest/doctest.h>

#include "tests/policy/samples.hpp"

using namespace octroi;
using samples::address;

namespace {

const Catalogue& catalogue() {
    static const Catalogue built = samples::catalogue();
    return built;
}

const Policy& pilot() {
    static const Policy read = samples::policy(
        "octroi: 1\n"
        "zones: {pilot: [10.20.4.0/24]}\n"
        "rules:\n"
        "- {name: ended, when: {zone: pilot}, then: drop, until: 2020-01-01}\n"
        "- {name: state, when: {service: visio}, then: accept}\n"
        "- {name: watched, when: {zone: pilot}, then: drop, mode: monitor}\n"
        "- {name: zoom, when: {zone: pilot, service: zoom}, then: reject}\n"
        "- {name: mail, when: {port: 25}, then: drop}\n"
        "- {name: never, then: drop}\n");
    return read;
}

PolicyQuery from(std::string_view client) {
    return {.client = address(client)};
}

Answer asked(const PolicyQuery& question) {
    return ask(pilot(), catalogue(), question);
}

}  // namespace

TEST_SUITE("question") {
    TEST_CASE("a zone by interface is not known to hold a client whose interface is not") {
        const Policy policy = samples::policy(
            "octroi: 1\n"
            "zones: {phones: {networks: [10.64.0.0/12], interfaces: [wwan0]}}\n"
            "rules:\n"
            "- {name: phones, when: {zone: phones}, then: drop}\n"
            "- {name: others, when: {zone: {not: phones}}, then: reject}\n");
        const auto rule_for = [&](PolicyQuery question) -> std::string {
            question.complete = true;
            const Decision decision = ask(policy, catalogue(), question).decision;
            if (!decision.settled())
                return "open";
            return decision.rule() == nullptr ? "default" : decision.rule()->name;
        };
        PolicyQuery question = from("10.20.9.9");
        CHECK(rule_for(question) == "open");
        question.interface = "wwan0";
        CHECK(rule_for(question) == "phones");
        question.interface = "";
        CHECK(rule_for(question) == "others");
        CHECK(rule_for(from("10.64.0.1")) == "phones");
    }

    TEST_CASE("what is not given is not known, and the rules that ask for it leave it open") {
        const PolicyQuery question = from("10.20.9.9");
        const Answer answer = asked(question);
        CHECK_FALSE(answer.decision.settled());
        CHECK(answer.service == nullptr);
        CHECK_FALSE(answer.facts.service_known);
        CHECK_FALSE(answer.facts.server_known);
    }

    TEST_CASE("what could not be read is decided by its exception, whatever name is given") {
        const Policy policy = samples::policy(
            "octroi: 1\n"
            "zones: {pilot: [10.20.4.0/24]}\n"
            "rules:\n"
            "- {name: zoom, when: {zone: pilot, service: zoom}, then: drop}\n");
        const auto action_for = [&](std::string_view client, std::string_view server) {
            PolicyQuery question = from(client);
            question.name = "visio.numerique.gouv.fr";
            question.exception = Exception::unreadable;
            question.complete = true;
            if (!server.empty()) {
                question.address = address(server);
                question.port = 443;
                question.transport = Transport::tcp;
            }
            const Answer answer = ask(policy, catalogue(), question);
            REQUIRE(answer.decision.settled());
            return answer.decision.enforced.action;
        };
        CHECK(action_for("10.20.4.7", "") == Action::reject);            // a rule could refuse it
        CHECK(action_for("10.20.9.9", "") == Action::accept);            // none could
        CHECK(action_for("10.20.4.7", "170.114.52.2") == Action::drop);  // its address is known
    }

    TEST_CASE("an address in another dress is the host's own") {
        const Policy policy = samples::policy(
            "octroi: 1\n"
            "nat64: [\"2001:db8:64::/96\"]\n"
            "rules:\n"
            "- {name: zoom, when: {service: zoom}, then: reject}\n"
            "- {name: partner, when: {address: 203.0.113.0/24}, then: reject}\n"
            "- {name: translated, when: {address: \"64:ff9b::/96\"}, then: drop}\n");
        const auto rule_for = [&](std::string_view server) {
            PolicyQuery question = from("10.20.9.9");
            question.address = address(server);
            question.port = 3478;
            question.transport = Transport::udp;
            question.complete = true;
            const Rule* rule = ask(policy, catalogue(), question).decision.rule();
            return rule == nullptr ? "none" : rule->name;
        };
        CHECK(rule_for("64:ff9b::aa72:3402") == "zoom");
        CHECK(rule_for("2001:db8:64::aa72:3402") == "zoom");
        CHECK(rule_for("2001:db8:65::aa72:3402") == "none");
        CHECK(rule_for("64:ff9b::203.0.113.9") == "partner");
        CHECK(rule_for("2002:cb00:7109::1") == "partner");
        CHECK(rule_for("64:ff9b::198.51.100.1") == "translated");
    }

    TEST_CASE("a name tells the service") {
        PolicyQuery question = from("10.20.4.7");
        question.name = "us05web.zoom.us";
        const Answer answer = asked(question);
        REQUIRE(answer.service != nullptr);
        CHECK(answer.service->name == "zoom");
        CHECK(answer.decision.enforced.action == Action::reject);
        CHECK(answer.decision.enforced.rule->name == "zoom");
        CHECK(answer.decision.would.rule->name == "watched");
    }

    TEST_CASE("an exclusive address tells the service before any name") {
        PolicyQuery question = from("10.20.4.7");
        question.address = address("170.114.52.2");
        CHECK(asked(question).service->name == "zoom");
        question.name = "x.com";
        CHECK(asked(question).service->name == "zoom");
    }

    TEST_CASE("a service that is given stands above name and address; none is one too") {
        PolicyQuery question = from("10.20.4.7");
        question.name = "us05web.zoom.us";
        question.service = catalogue().find("visio")->id;
        CHECK(asked(question).decision.enforced.rule->name == "state");
        question.service = no_service;
        const Answer none = asked(question);
        CHECK(none.service == nullptr);
        CHECK(none.facts.service_known);
    }

    TEST_CASE("address, port and transport are known together or not at all") {
        PolicyQuery question = from("10.20.9.9");
        question.complete = true;
        question.address = address("192.0.2.1");
        question.port = 25;
        CHECK_FALSE(asked(question).decision.settled());
        question.transport = Transport::tcp;
        CHECK(asked(question).decision.enforced.rule->name == "mail");
        question.port = 443;
        CHECK(asked(question).decision.enforced.rule->name == "never");
    }

    TEST_CASE("of a complete flow nothing is open but its server") {
        PolicyQuery question = from("10.20.4.7");
        question.complete = true;
        const Answer answer = asked(question);
        CHECK(answer.facts.service_known);
        CHECK(answer.facts.name_known);
        CHECK(answer.facts.protocol_known);
        CHECK(answer.facts.application_known);
        CHECK(answer.facts.unclassified);
    }

    TEST_CASE("the rules are walked up to the one that is enforced, each with its reasons") {
        PolicyQuery question = from("10.20.4.7");
        question.service = catalogue().find("zoom")->id;
        const Answer answer = asked(question);
        REQUIRE(answer.walked.size() == 4);
        CHECK_FALSE(answer.walked[0].active);
        CHECK(answer.walked[1].truth == Truth::no);
        CHECK(answer.walked[2].mode == Mode::monitor);
        CHECK(answer.walked[2].truth == Truth::yes);
        REQUIRE(answer.walked[3].conditions.size() == 2);
        CHECK(answer.walked[3].conditions[0].condition == "zone");
        CHECK(answer.walked[3].conditions[1].condition == "service");
    }

    TEST_CASE("the walk stops at a rule that is open") {
        PolicyQuery question = from("10.20.9.9");
        const Answer answer = asked(question);
        REQUIRE(answer.walked.size() == 2);
        CHECK(answer.walked.back().rule->name == "state");
        CHECK(answer.walked.back().truth == Truth::unknown);
    }
}
