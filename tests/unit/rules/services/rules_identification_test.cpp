// Tests of Catalogue::identify, rules/services/catalogue.cpp: which evidence wins.
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "rules/services/catalogue.hpp"
#include "tests/policy/samples.hpp"

using octroi::Application;
using octroi::Catalogue;
using octroi::Ending;
using octroi::EvidenceKind;
using octroi::Findings;
using octroi::FlowEnds;
using octroi::Identification;
using octroi::Protocol;
using octroi::Signature;
using octroi::Strength;
using octroi::samples::address;

namespace {

constexpr octroi::ServiceId zoom = 1;
constexpr octroi::ServiceId visio = 4;

std::string_view name_of(const Identification& found) {
    return found.service == nullptr ? "none" : std::string_view(found.service->name);
}

Findings ended() {
    Findings findings;
    findings.ending = Ending::nothing_more;
    return findings;
}

Findings named(std::string name) {
    Findings findings;
    findings.evidence.push_back({.kind = EvidenceKind::tls_sni, .value = name, .packet = 4});
    findings.server_name = std::move(name);
    findings.name_kind = EvidenceKind::tls_sni;
    findings.ending = Ending::named;
    return findings;
}

Findings with_signature(Signature signature) {
    Findings findings;
    findings.signatures.set(static_cast<std::size_t>(signature));
    findings.sure_signatures = findings.signatures;
    findings.application = Application::media;
    return findings;
}

FlowEnds over(Protocol protocol, std::string_view server, std::uint16_t port) {
    return {.client = address("10.20.4.7"),
            .server = {.address = address(server), .port = port},
            .protocol = protocol,
            .hints = {}};
}

FlowEnds tcp_to(std::string_view server) {
    return over(Protocol::tcp, server, 443);
}

constexpr std::string_view elsewhere = "203.0.113.5";
constexpr std::string_view of_zoom = "170.114.52.2";
constexpr std::string_view shared_by_zoom = "20.203.158.81";
constexpr std::string_view of_teams_over_udp = "52.112.0.1";

Identification identify(const Findings& findings, const FlowEnds& ends) {
    static const Catalogue catalogue = octroi::samples::catalogue();
    return catalogue.identify(findings, ends);
}

}  // namespace

TEST_SUITE("identification by address") {
    TEST_CASE("an exclusive address is certain and settled before anything else is seen") {
        const auto found = identify({}, tcp_to(of_zoom));
        CHECK(name_of(found) == "zoom");
        CHECK(found.strength == Strength::certain);
        CHECK(found.decisive == EvidenceKind::address);
        CHECK(found.address == address(of_zoom));
        CHECK(found.settled);
        CHECK(found.verified);
    }

    TEST_CASE("an exclusive address beats a forged name") {
        const auto found = identify(named("visio.numerique.gouv.fr"), tcp_to(of_zoom));
        CHECK(name_of(found) == "zoom");
        CHECK(found.decisive == EvidenceKind::address);
    }

    TEST_CASE("a service that calls in is known by its own address, the server's comes first") {
        FlowEnds ends = tcp_to(elsewhere);
        ends.client = address(of_zoom);
        CHECK(name_of(identify({}, ends)) == "zoom");
        CHECK(identify({}, ends).address == address(of_zoom));
        ends.server.address = address("148.253.97.136");
        CHECK(name_of(identify({}, ends)) == "visio");
    }

    TEST_CASE("a shared address alone decides nothing") {
        CHECK(name_of(identify(ended(), tcp_to(shared_by_zoom))) == "none");
    }

    TEST_CASE("an address that is a service's over UDP decides UDP at once, TCP never at once") {
        const auto udp = identify({}, over(Protocol::udp, of_teams_over_udp, 3478));
        CHECK(name_of(udp) == "teams");
        CHECK(udp.settled);
        const auto tcp = identify({}, tcp_to(of_teams_over_udp));
        CHECK(name_of(tcp) == "none");
        CHECK_FALSE(tcp.settled);
    }

    TEST_CASE("on QUIC's port such an address waits for the name, as over TCP") {
        Findings quic;
        quic.application = Application::quic;
        for (const Findings& open : {Findings(), quic}) {
            const auto found = identify(open, over(Protocol::udp, of_teams_over_udp, 443));
            CHECK(name_of(found) == "none");
            CHECK_FALSE(found.settled);
        }
    }

    TEST_CASE("over TCP and QUIC such an address takes what names nobody or another service") {
        for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
            const auto to = over(protocol, of_teams_over_udp, 443);
            CHECK(name_of(identify(ended(), to)) == "teams");
            CHECK(name_of(identify(named("visio.numerique.gouv.fr"), to)) == "teams");
            CHECK(name_of(identify(named("events.example.org"), to)) == "none");
        }
    }
}

TEST_SUITE("identification by an address in another dress") {
    constexpr std::string_view visio_itself = "148.253.97.136";
    constexpr std::string_view shared_by_visio = "148.253.98.7";

    // "64:ff9b:..." for an IPv4 address: every way in which IPv6 carries it.
    std::vector<octroi::Address> dresses(std::string_view plain) {
        std::vector<octroi::Address> all;
        const auto network = octroi::samples::network(std::string(plain) + "/32");
        for (const octroi::Network& each : octroi::dresses_of(network))
            all.push_back(each.first());
        all.push_back(address("::ffff:" + std::string(plain)));
        return all;
    }

    TEST_CASE("an exclusive address decides the same in each dress") {
        for (const std::string_view plain : {of_zoom, visio_itself, elsewhere})
            for (const octroi::Address& dressed : dresses(plain))
                for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
                    CAPTURE(to_string(dressed));
                    FlowEnds ends = over(protocol, plain, 3478);
                    const auto expected = identify({}, ends);
                    ends.server.address = dressed;
                    const auto found = identify({}, ends);
                    CHECK(name_of(found) == name_of(expected));
                    CHECK(found.strength == expected.strength);
                    CHECK(found.settled == expected.settled);
                    CHECK(found.verified == expected.verified);
                    CHECK(found.address == expected.address);
                    // A service may call in through a translator as well.
                    ends = over(protocol, elsewhere, 3478);
                    ends.client = dressed;
                    CHECK(name_of(identify({}, ends)) == name_of(expected));
                }
    }

    TEST_CASE("an address of the service's own verifies in each dress") {
        for (const octroi::Address& dressed : dresses(shared_by_visio)) {
            CAPTURE(to_string(dressed));
            FlowEnds ends = tcp_to(elsewhere);
            ends.server.address = dressed;
            const auto found = identify(named("visio.numerique.gouv.fr"), ends);
            CHECK(found.verified);
            CHECK(found.strength == Strength::certain);
        }
    }

    TEST_CASE("a signature counts beside a shared address in each dress") {
        for (const octroi::Address& dressed : dresses(shared_by_zoom)) {
            CAPTURE(to_string(dressed));
            FlowEnds ends = over(Protocol::udp, elsewhere, 5000);
            ends.server.address = dressed;
            CHECK(name_of(identify(with_signature(Signature::zoom_sfu), ends)) == "zoom");
        }
    }

    TEST_CASE("a prefix that is configured is one of this network's alone") {
        FlowEnds ends = over(Protocol::udp, "2001:db8:64::aa72:3402", 8801);
        CHECK(name_of(identify({}, ends)) == "none");
        const std::vector prefixes = {
            octroi::Nat64Prefix::of(octroi::samples::network("2001:db8:64::/96")).value()};
        ends.nat64 = prefixes;
        CHECK(name_of(identify({}, ends)) == "zoom");
        ends.server.address = address("2001:db8:65::aa72:3402");
        CHECK(name_of(identify({}, ends)) == "none");
    }
}

TEST_SUITE("identification by the address that a proxy is asked for") {
    constexpr std::string_view proxy = "10.20.0.8";

    Findings asking_for(std::string_view text) {
        Findings findings;
        findings.proxied_address = address(text);
        return findings;
    }

    TEST_CASE("it decides as if the flow went there") {
        for (const std::string_view asked : {"170.114.52.2", "64:ff9b::aa72:3402"}) {
            const auto found = identify(asking_for(asked), tcp_to(proxy));
            CHECK(name_of(found) == "zoom");
            CHECK(found.strength == Strength::certain);
            CHECK(found.decisive == EvidenceKind::address);
            CHECK(found.address == address(of_zoom));
            CHECK(found.settled);
        }
        CHECK_FALSE(identify(asking_for(elsewhere), tcp_to(proxy)).settled);
    }

    TEST_CASE("it beats the name inside, and verifies it") {
        Findings findings = named("visio.numerique.gouv.fr");
        CHECK_FALSE(identify(findings, tcp_to(proxy)).verified);
        findings.proxied_address = address("148.253.98.7");
        CHECK(identify(findings, tcp_to(proxy)).verified);
        findings.proxied_address = address(of_zoom);
        CHECK(name_of(identify(findings, tcp_to(proxy))) == "zoom");
        findings.proxied_address = address(elsewhere);
        CHECK_FALSE(identify(findings, tcp_to("148.253.98.7")).verified);
    }

    TEST_CASE("it changes nothing that the flow's own address decided before") {
        CHECK(name_of(identify(asking_for(of_zoom), tcp_to("148.253.97.136"))) == "visio");
    }

    TEST_CASE("it comes before an address that takes what names nobody") {
        Findings findings = ended();
        findings.proxied_address = address(of_zoom);
        CHECK(name_of(identify(findings, tcp_to(of_teams_over_udp))) == "zoom");
        findings.proxied_address = address(of_teams_over_udp);
        CHECK(name_of(identify(findings, tcp_to(proxy))) == "teams");
        findings.server_name = "events.example.org";
        CHECK(name_of(identify(findings, tcp_to(proxy))) == "none");
    }

    TEST_CASE("it is not known where the stream is ambiguous") {
        for (const Ending ending : {Ending::ambiguous, Ending::no_memory}) {
            Findings findings = asking_for(of_zoom);
            findings.ending = ending;
            CHECK(name_of(identify(findings, tcp_to(proxy))) == "none");
        }
    }
}

TEST_SUITE("identification by name") {
    TEST_CASE("a name is observed, not certain, at a foreign address") {
        const auto found = identify(named("us05web.zoom.us"), tcp_to(elsewhere));
        CHECK(name_of(found) == "zoom");
        CHECK(found.strength == Strength::observed);
        CHECK(found.decisive == EvidenceKind::tls_sni);
        CHECK(found.settled);
        CHECK(found.verified);
    }

    TEST_CASE("a name at one of the service's shared addresses is certain") {
        const auto found = identify(named("zoom.us"), tcp_to(shared_by_zoom));
        CHECK(found.strength == Strength::certain);
        CHECK(found.decisive == EvidenceKind::tls_sni);
    }

    TEST_CASE("a service with `verify: addresses` is verified at its own addresses alone") {
        const Findings findings = named("visio.numerique.gouv.fr");
        const auto foreign = identify(findings, tcp_to(elsewhere));
        CHECK(name_of(foreign) == "visio");
        CHECK_FALSE(foreign.verified);
        CHECK(identify(findings, tcp_to("148.253.98.7")).verified);    // shared
        CHECK(identify(findings, tcp_to("148.253.97.136")).verified);  // exclusive
    }

    TEST_CASE("an unknown name identifies nothing, finally") {
        const auto found = identify(named("example.org"), tcp_to(elsewhere));
        CHECK(name_of(found) == "none");
        CHECK(found.strength == Strength::none);
        CHECK(found.settled);
    }

    TEST_CASE("nothing is settled while inspection goes on") {
        CHECK_FALSE(identify({}, tcp_to(elsewhere)).settled);
        CHECK(identify(ended(), tcp_to(elsewhere)).settled);
    }

    TEST_CASE("a certificate speaks where the client names nobody") {
        Findings findings = ended();
        findings.certificate_names = {"example.org", "*.zoom.us", "www.zoom.us"};
        const auto found = identify(findings, tcp_to(elsewhere));
        CHECK(name_of(found) == "zoom");
        CHECK(found.decisive == EvidenceKind::tls_certificate);
        findings.server_name = "example.org";
        CHECK(name_of(identify(findings, tcp_to(elsewhere))) == "none");
    }

    TEST_CASE("a certificate of several services proves none of them") {
        Findings findings = ended();
        findings.certificate_names = {"www.zoom.us", "www.x.com"};
        CHECK(name_of(identify(findings, tcp_to(elsewhere))) == "none");
    }

    TEST_CASE("the realm of a TURN server is a name") {
        Findings findings = ended();
        findings.realm = "turn.zoom.us";
        const auto found = identify(findings, over(Protocol::udp, elsewhere, 3478));
        CHECK(name_of(found) == "zoom");
        CHECK(found.decisive == EvidenceKind::stun);
    }
}

TEST_SUITE("identification by signature and by other flows") {
    TEST_CASE("a name that services share counts at the one's address over UDP, and nowhere else") {
        CHECK(name_of(identify(named("login.skype.com"), tcp_to(elsewhere))) == "none");
        CHECK(name_of(identify(named("login.skype.com"), tcp_to(of_teams_over_udp))) == "teams");
        CHECK(name_of(identify(named("www.example.org"), tcp_to(of_teams_over_udp))) == "none");
    }

    TEST_CASE("a signature needs an address, a port or another flow of the service beside it") {
        const Findings findings = with_signature(Signature::zoom_sfu);
        const auto at = [&](std::string_view server, std::uint16_t port) {
            return identify(findings, over(Protocol::udp, server, port));
        };
        CHECK(name_of(at(elsewhere, 5000)) == "none");
        CHECK(name_of(at(elsewhere, 8801)) == "zoom");
        CHECK(name_of(at(shared_by_zoom, 5000)) == "zoom");
        CHECK(at(elsewhere, 8801).strength == Strength::observed);
        CHECK(at(elsewhere, 8801).decisive == EvidenceKind::media);
        FlowEnds ends = over(Protocol::udp, elsewhere, 5000);
        ends.hints.same_endpoint = zoom;
        CHECK(name_of(identify(findings, ends)) == "zoom");
        CHECK(identify(findings, ends).strength == Strength::correlated);
    }

    TEST_CASE("a UDP port does not support a signature over TCP") {
        const Findings findings = with_signature(Signature::zoom_sfu);
        CHECK(name_of(identify(findings, over(Protocol::tcp, elsewhere, 8805))) == "none");
    }

    TEST_CASE("a signature that is not sure needs an address or another flow beside it") {
        Findings findings = with_signature(Signature::zoom_sfu);
        findings.sure_signatures.reset();
        CHECK(name_of(identify(findings, over(Protocol::udp, elsewhere, 8801))) == "none");
        CHECK(name_of(identify(findings, over(Protocol::udp, shared_by_zoom, 9))) == "zoom");
    }

    TEST_CASE("another service's signature is nothing") {
        const Findings findings = with_signature(Signature::discord_voice);
        CHECK(name_of(identify(findings, over(Protocol::udp, shared_by_zoom, 8801))) == "none");
    }

    TEST_CASE("nDPI is asked last and only once inspection has ended") {
        Findings findings;
        findings.ndpi_application = "Zoom";
        CHECK(name_of(identify(findings, tcp_to(elsewhere))) == "none");
        findings.ending = Ending::nothing_more;
        CHECK(name_of(identify(findings, tcp_to(elsewhere))) == "none");  // its word alone
        CHECK(name_of(identify(findings, tcp_to(shared_by_zoom))) == "zoom");
        CHECK(identify(findings, tcp_to(shared_by_zoom)).decisive == EvidenceKind::ndpi);
        findings.server_name = "visio.numerique.gouv.fr";
        CHECK(name_of(identify(findings, tcp_to(elsewhere))) == "visio");
        findings = ended();
        findings.ndpi_application = "Unheard";
        CHECK(name_of(identify(findings, tcp_to(elsewhere))) == "none");
    }

    TEST_CASE("an address that was looked up by a service's name is correlated, not verified") {
        FlowEnds ends = tcp_to(elsewhere);
        ends.hints.resolved = visio;
        const auto found = identify(ended(), ends);
        CHECK(name_of(found) == "visio");
        CHECK(found.strength == Strength::correlated);
        CHECK(found.decisive == EvidenceKind::dns);
        CHECK_FALSE(found.verified);
        CHECK(name_of(identify({}, ends)) == "none");
        CHECK(name_of(identify(named("example.org"), ends)) == "none");
    }

    TEST_CASE(
        "media of a port that talks to a service belongs to its call, other traffic does not") {
        FlowEnds ends = over(Protocol::udp, elsewhere, 5000);
        ends.hints.same_endpoint = zoom;
        Findings findings = ended();
        CHECK(name_of(identify(findings, ends)) == "none");
        findings.application = Application::media;
        CHECK(name_of(identify(findings, ends)) == "zoom");
        findings.application = Application::stun;
        CHECK(name_of(identify(findings, ends)) == "zoom");
    }
}

TEST_SUITE("identification by realm") {
    constexpr std::string_view first_address = "192.0.2.1";
    constexpr std::string_view second_address = "198.51.100.1";

    // Two products of a vendor with one realm, at addresses that each shares with others; the third
    // owns a name above it.
    Catalogue catalogue_of_realms() {
        const auto entry = [](std::string_view name, int id, std::string_view more) {
            return octroi::samples::service(
                "{service: " + std::string(name) + ", id: " + std::to_string(id) +
                ", name: N, vendor: V, jurisdiction: US, category: vpn, sources: []" +
                std::string(more) + "}");
        };
        std::vector<octroi::Finding> findings;
        return Catalogue::build(
                   {entry("first", 1,
                          ", realms: [turn.example], addresses: {shared: [192.0.2.0/24]}"),
                    entry("second", 2,
                          ", realms: [turn.example, relay.third.example], verify: addresses,"
                          " addresses: {shared: [198.51.100.0/24]}"),
                    entry("third", 3, ", domains: [third.example]")},
                   findings)
            .value();
    }

    Identification identify_realm(std::string_view realm, std::string_view server) {
        static const Catalogue catalogue = catalogue_of_realms();
        Findings findings = ended();
        findings.realm = realm;
        findings.application = Application::stun;
        return catalogue.identify(findings, over(Protocol::udp, server, 3478));
    }

    TEST_CASE("a realm that services share counts at the address of each") {
        const auto found = identify_realm("turn.example", first_address);
        CHECK(name_of(found) == "first");
        CHECK(found.strength == Strength::observed);
        CHECK(found.decisive == EvidenceKind::stun);
        CHECK(found.settled);
        CHECK(name_of(identify_realm("turn.example", second_address)) == "second");
    }

    TEST_CASE("neither the realm nor the shared address decides alone") {
        CHECK(name_of(identify_realm("turn.example", elsewhere)) == "none");
        CHECK(name_of(identify_realm("", first_address)) == "none");
        CHECK(name_of(identify_realm("other.example", first_address)) == "none");
    }

    TEST_CASE("a realm means itself, not names below or above it") {
        CHECK(name_of(identify_realm("a.turn.example", first_address)) == "none");
        CHECK(name_of(identify_realm("example", first_address)) == "none");
    }

    TEST_CASE("a realm under a service's own domain is that service's") {
        CHECK(name_of(identify_realm("relay.third.example", second_address)) == "third");
    }

    TEST_CASE("a realm at the service's own address is verified") {
        CHECK(identify_realm("turn.example", first_address).verified);
        CHECK(identify_realm("turn.example", second_address).verified);  // verify: addresses
    }
}
