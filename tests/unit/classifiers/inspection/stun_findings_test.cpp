#include "classifiers/inspection/stun_findings.hpp"

#include <initializer_list>

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;

namespace {

bool shows(const Findings& findings, Signature signature) {
    return findings.signatures.test(static_cast<std::size_t>(signature));
}

}  // namespace

TEST_SUITE("turn notes") {
    TEST_CASE("any message tells that the flow is STUN, and nothing more") {
        Findings findings;
        note_stun({}, false, 1, findings);
        CHECK(findings.application == Application::stun);
        CHECK(findings.evidence.empty());
        CHECK(findings.signatures.none());
        CHECK(findings.open());
    }

    TEST_CASE("a realm is noted in lower case, with the packet that showed it") {
        const auto realm = wire::text("TURN.Example.Org");
        Findings findings;
        note_stun({.realm = realm}, false, 3, findings);
        CHECK(findings.realm == "turn.example.org");
        REQUIRE(findings.evidence.size() == 1);
        CHECK(findings.evidence[0].kind == EvidenceKind::stun);
        CHECK(findings.evidence[0].value == "turn.example.org");
        CHECK(findings.evidence[0].packet == 3);
    }

    TEST_CASE("the first realm stays") {
        const auto one = wire::text("one.example");
        const auto other = wire::text("other.example");
        Findings findings;
        note_stun({.realm = one}, false, 1, findings);
        note_stun({.realm = other}, false, 2, findings);
        CHECK(findings.realm == "one.example");
        CHECK(findings.evidence.size() == 1);
    }

    TEST_CASE("a realm is the client's word until the server says it") {
        const auto realm = wire::text("turn.example");
        Findings findings;
        note_stun({.realm = realm}, true, 1, findings);
        CHECK(findings.realm == "turn.example");
        CHECK(findings.realm_by_client);
        note_stun({.realm = realm}, false, 2, findings);
        CHECK_FALSE(findings.realm_by_client);
        note_stun({.realm = realm}, true, 3, findings);
        CHECK_FALSE(findings.realm_by_client);
        CHECK(findings.evidence.size() == 1);
    }

    TEST_CASE("a Binding has no realm") {
        const auto realm = wire::text("turn.example");
        for (const std::uint16_t type :
             std::initializer_list<std::uint16_t>{0x0001, 0x0101, 0x0111}) {
            Findings findings;
            note_stun({.type = type, .realm = realm}, false, 1, findings);
            CHECK(findings.realm.empty());
        }
    }

    TEST_CASE("a realm that is no domain name is not noted") {
        for (const std::string_view text : {"not a name", "a..b", "\"quoted\""}) {
            CAPTURE(text);
            const auto realm = wire::text(text);
            Findings findings;
            note_stun({.realm = realm}, false, 1, findings);
            CHECK(findings.realm.empty());
            CHECK(findings.evidence.empty());
        }
    }

    TEST_CASE("a vendor's signature is noted once, however often it is seen") {
        Findings findings;
        for (std::uint32_t packet = 1; packet <= 3; ++packet)
            note_stun({.microsoft = true}, false, packet, findings);
        CHECK(shows(findings, Signature::teams_stun));
        REQUIRE(findings.evidence.size() == 1);
        CHECK(findings.evidence[0].value == "teams-stun");
        CHECK(findings.evidence[0].packet == 1);
    }

    TEST_CASE("Zoom's probe counts only in a classic message") {
        Findings findings;
        note_stun({.zoom = true}, false, 1, findings);
        CHECK_FALSE(shows(findings, Signature::zoom_stun));
        note_stun({.classic = true, .zoom = true}, false, 2, findings);
        CHECK(shows(findings, Signature::zoom_stun));
        CHECK_FALSE(shows(findings, Signature::whatsapp_stun));
        note_stun({.whatsapp = true}, false, 3, findings);
        CHECK(shows(findings, Signature::whatsapp_stun));
        CHECK(shows(findings, Signature::zoom_stun));
    }
}
