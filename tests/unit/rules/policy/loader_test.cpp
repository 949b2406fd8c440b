#include "rules/policy/loader.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "classifiers/base/sha256.hpp"
#include "rules/services/builtin.hpp"
#include "rules/text/yaml.hpp"
#include "tests/policy/samples.hpp"
#include "tests/unit/temporary_folder.hpp"

using octroi::Action;
using octroi::Catalogue;
using octroi::Code;
using octroi::Decision;
using octroi::Facts;
using octroi::load_catalogue;
using octroi::load_policy;
using octroi::Policy;
using octroi::Service;
using octroi::TemporaryFolder;
using octroi::samples::address;

namespace {

Catalogue shipped() {
    auto catalogue = load_catalogue(std::nullopt);
    if (!catalogue)
        FAIL(octroi::render(catalogue.error().front()));
    return std::move(*catalogue);
}

std::string_view owner_of_name(const Catalogue& catalogue, std::string_view name) {
    const Service* service = catalogue.find_domain(name);
    return service == nullptr ? "none" : std::string_view(service->name);
}

std::string_view owner_of_address(const Catalogue& catalogue, std::string_view text) {
    const Service* service = catalogue.find_address(address(text));
    return service == nullptr ? "none" : std::string_view(service->name);
}

struct Claim {
    std::string_view service;
    std::vector<std::string_view> names;
    std::vector<std::string_view> addresses;
};

const std::vector<Claim> claims = {
    {"zoom",
     {"zoom.us", "us05web.zoom.us", "zoom.com", "zoom.com.cn", "zoomgov.com", "zoomcrc.com"},
     {"170.114.52.2", "134.224.0.1", "206.247.255.255", "2407:30c0::1", "2620:123:2000::1"}},
    {"teams",
     {"teams.microsoft.com", "teams.cloud.microsoft", "teams.live.com", "eu.teams.microsoft.com"},
     {"52.112.0.1", "52.115.255.255", "52.122.0.1", "52.123.255.255", "2603:1063::1"}},
    {"meet",
     {"meet.google.com", "meet.turns.goog", "workspace.turns.goog"},
     {"74.125.250.1", "142.250.82.1", "2001:4860:4864:5::1", "2001:4860:4864:6::1"}},
    {"visio",
     {"visio.numerique.gouv.fr", "livekit-prd-osc-cgw1.beta.numerique.gouv.fr"},
     {"148.253.97.136", "142.44.49.112"}},
    {"tchap", {"tchap.gouv.fr", "www.tchap.gouv.fr", "matrix.agent.dinum.tchap.gouv.fr"}, {}},
    {"olvid", {"olvid.io", "turn.olvid.io", "server.olvid.io"}, {}},
};

// What the policy says of a flow of `service`, everything known, from nowhere in particular.
Decision decide(const Policy& policy, const Service& service) {
    const Facts facts{.client = address("10.0.0.1"),
                      .server = address("203.0.113.5"),
                      .port = 443,
                      .transport = octroi::Transport::tcp,
                      .service_known = true,
                      .service = service.id,
                      .service_verified = !service.verify_addresses,
                      .name_known = true};
    return policy.decide(facts);
}

void put(const TemporaryFolder& folder, std::string_view name, std::string_view text) {
    static_cast<void>(folder.write(name, text));
}

constexpr std::string_view acme =
    "{service: acme, id: 2000, name: Acme, vendor: V, jurisdiction: DE, category: vpn,"
    " domains: [acme.example], sources: []}";

}  // namespace

TEST_SUITE("shipped catalogue") {
    TEST_CASE("every file of it is sound by itself and with the others") {
        REQUIRE(octroi::builtin_catalogue().size() >= 6);
        for (const auto& file : octroi::builtin_catalogue()) {
            CAPTURE(std::string(file.name));
            std::vector<octroi::Finding> findings;
            const auto service = octroi::read_service(
                octroi::samples::document(std::string(file.text), std::string(file.name)),
                findings);
            REQUIRE(service);
            CHECK(file.name == "catalogue/" + service->name + ".yaml");
            CHECK_FALSE(service->sources.empty());
        }
        CHECK(shipped().services().size() == octroi::builtin_catalogue().size());
    }

    TEST_CASE("it knows the names and addresses of the services that the French case is about") {
        const Catalogue catalogue = shipped();
        for (const Claim& claim : claims) {
            for (const std::string_view name : claim.names) {
                CAPTURE(std::string(name));
                CHECK(owner_of_name(catalogue, name) == claim.service);
            }
            for (const std::string_view address : claim.addresses) {
                CAPTURE(std::string(address));
                CHECK(owner_of_address(catalogue, address) == claim.service);
            }
        }
    }

    TEST_CASE("numbers that went into marks and events stay") {
        const Catalogue catalogue = shipped();
        const std::vector<std::string_view> first = {"zoom",  "teams", "meet",
                                                     "visio", "tchap", "olvid"};
        for (std::size_t i = 0; i < first.size(); ++i) {
            CAPTURE(std::string(first[i]));
            const Service* service = catalogue.find(first[i]);
            REQUIRE(service != nullptr);
            CHECK(service->id == i + 1);
        }
    }

    TEST_CASE("names beside these services belong to none of them") {
        const Catalogue catalogue = shipped();
        for (const std::string_view name :
             {"www.google.com", "google.com", "microsoft.com", "login.microsoftonline.com",
              "gouv.fr", "numerique.gouv.fr", "example.org", "static.zdassets.com"}) {
            CAPTURE(std::string(name));
            CHECK(owner_of_name(catalogue, name) == "none");
        }
        CHECK(owner_of_address(catalogue, "8.8.4.4") != "meet");
        CHECK(owner_of_address(catalogue, "203.0.113.5") == "none");
    }
}

TEST_SUITE("shipped policies") {
    TEST_CASE("each of them is sound for the shipped catalogue") {
        const Catalogue catalogue = shipped();
        for (const auto& file : octroi::builtin_policies()) {
            CAPTURE(std::string(file.name));
            std::vector<octroi::Finding> findings;
            const auto document =
                octroi::samples::document(std::string(file.text), std::string(file.name));
            CHECK(octroi::read_policy(document, catalogue, findings).has_value());
            CHECK(findings.empty());
        }
        CHECK(octroi::builtin_policies().front().name == "policies/default.yaml");
    }

    TEST_CASE("the default policy never refuses Visio, Tchap or Olvid, also once it is enforced") {
        const Catalogue catalogue = shipped();
        const auto policy = load_policy(std::nullopt, catalogue);
        REQUIRE(policy);
        for (const char* name : {"visio", "tchap", "olvid"}) {
            CAPTURE(name);
            const Decision decision = decide(*policy, *catalogue.find(name));
            CHECK(decision.enforced.action == Action::accept);
            CHECK(decision.would.action == Action::accept);
        }
    }

    TEST_CASE("the default policy refuses nothing yet and would refuse foreign conferencing") {
        const Catalogue catalogue = shipped();
        const auto policy = load_policy(std::nullopt, catalogue);
        REQUIRE(policy);
        for (const Service& service : catalogue.services()) {
            CAPTURE(service.name);
            const Decision decision = decide(*policy, service);
            CHECK(decision.enforced.action == Action::accept);
            if (service.category == octroi::Category::video_conferencing)
                CHECK((decision.would.action == Action::reject) == (service.jurisdiction != "FR"));
        }
    }
}

TEST_SUITE("library") {
    TEST_CASE("files of the folder add services, and only those that end in .yaml") {
        const TemporaryFolder folder;
        put(folder, "acme.yaml", acme);
        put(folder, "README", "not YAML: [");
        const auto catalogue = load_catalogue(folder.path(""));
        REQUIRE(catalogue);
        CHECK(owner_of_name(*catalogue, "www.acme.example") == "acme");
        CHECK(owner_of_name(*catalogue, "zoom.us") == "zoom");
    }

    TEST_CASE("a file of the folder takes the place of the shipped entry") {
        const TemporaryFolder folder;
        put(folder, "zoom.yaml",
            "{service: zoom, id: 1, name: Z, vendor: V, jurisdiction: US, category: "
            "video-conferencing, domains: [zoom.example], sources: []}");
        const auto catalogue = load_catalogue(folder.path(""));
        REQUIRE(catalogue);
        CHECK(owner_of_name(*catalogue, "zoom.example") == "zoom");
        CHECK(owner_of_name(*catalogue, "zoom.us") == "none");
    }

    TEST_CASE("of two files for one service the last in order of name counts") {
        const TemporaryFolder folder;
        std::string other(acme);
        put(folder, "20.yaml", acme);
        put(folder, "10.yaml", other.replace(other.find("acme.example"), 12, "old.example"));
        const auto catalogue = load_catalogue(folder.path(""));
        REQUIRE(catalogue);
        CHECK(owner_of_name(*catalogue, "acme.example") == "acme");
        CHECK(owner_of_name(*catalogue, "old.example") == "none");
    }

    TEST_CASE("the findings of all files of the folder come at once, with their paths") {
        const TemporaryFolder folder;
        put(folder, "a.yaml", "service: [");
        put(folder, "b.yaml", "service: b");
        const auto catalogue = load_catalogue(folder.path(""));
        REQUIRE_FALSE(catalogue);
        CHECK(catalogue.error().size() > 2);
        CHECK(catalogue.error().front().file == folder.path("a.yaml"));
        CHECK(catalogue.error().back().file == folder.path("b.yaml"));
    }

    TEST_CASE("a file that claims what a shipped service owns is refused") {
        const TemporaryFolder folder;
        std::string thief(acme);
        put(folder, "acme.yaml", thief.replace(thief.find("acme.example"), 12, "zoom.us"));
        const auto catalogue = load_catalogue(folder.path(""));
        REQUIRE_FALSE(catalogue);
        REQUIRE(catalogue.error().size() == 1);
        CHECK(catalogue.error()[0].code == Code::conflicting_claim);
        CHECK(catalogue.error()[0].file == folder.path("acme.yaml"));
    }

    TEST_CASE("a file that is not in its place yet is read as if it were") {
        const TemporaryFolder folder;
        put(folder, "acme.yaml", "not read: [");
        put(folder, "new", acme);
        const octroi::StandIn stand_in{.file = folder.path("acme.yaml"),
                                       .read_from = folder.path("new")};
        const auto catalogue = octroi::preview_catalogue(folder.path(""), stand_in);
        REQUIRE(catalogue);
        CHECK(owner_of_name(*catalogue, "www.acme.example") == "acme");
        CHECK(catalogue->find("acme")->file == folder.path("acme.yaml"));
        put(folder, "new", "service: [");
        const auto broken = octroi::preview_catalogue(folder.path(""), stand_in);
        REQUIRE_FALSE(broken);
        CHECK(broken.error()[0].file == folder.path("acme.yaml"));
    }

    TEST_CASE("a file that stands in keeps its turn among the others") {
        const TemporaryFolder folder;
        std::string other(acme);
        put(folder, "20.yaml", other.replace(other.find("acme.example"), 12, "old.example"));
        put(folder, "new", acme);
        const auto name = [&](const char* file) {
            const auto catalogue = octroi::preview_catalogue(
                folder.path(""), {.file = folder.path(file), .read_from = folder.path("new")});
            return std::string(catalogue.value().find("acme")->domains[0].text());
        };
        CHECK(name("10.yaml") == "old.example");
        CHECK(name("30.yaml") == "acme.example");
    }

    TEST_CASE("an empty folder changes nothing, a missing one is an error") {
        const TemporaryFolder folder;
        REQUIRE(load_catalogue(folder.path("")));
        const auto missing = load_catalogue(folder.path("none"));
        REQUIRE_FALSE(missing);
        CHECK(missing.error()[0].code == Code::unreadable);
    }

    TEST_CASE("a folder of more files than anyone writes is refused unread") {
        const TemporaryFolder folder;
        for (int i = 0; i <= 4096; ++i)
            put(folder, std::to_string(i) + ".yaml", "");
        const auto catalogue = load_catalogue(folder.path(""));
        REQUIRE_FALSE(catalogue);
        CHECK(catalogue.error()[0].code == Code::too_many);
    }

    TEST_CASE("a policy file is read against the catalogue, and its findings name its path") {
        const TemporaryFolder folder;
        put(folder, "good.yaml", "{octroi: 1, rules: [{name: r, then: drop}]}");
        put(folder, "bad.yaml", "{octroi: 1, rules: [{name: r, then: drop, when: {service: q}}]}");
        const Catalogue catalogue = shipped();
        const auto good = load_policy(folder.path("good.yaml"), catalogue);
        REQUIRE(good);
        CHECK(good->rules().size() == 1);
        const auto bad = load_policy(folder.path("bad.yaml"), catalogue);
        REQUIRE_FALSE(bad);
        CHECK(bad.error()[0].file == folder.path("bad.yaml"));
        const auto missing = load_policy(folder.path("none.yaml"), catalogue);
        REQUIRE_FALSE(missing);
        CHECK(missing.error()[0].code == Code::unreadable);
    }

    TEST_CASE("a policy's digest is that of all its files, one after the other") {
        const TemporaryFolder folder;
        std::filesystem::create_directory(folder.path("policy.d"));
        static_cast<void>(folder.write("policy.d/b.yaml", "{octroi: 1}\n"));
        static_cast<void>(folder.write("policy.d/a.yaml", "{octroi: 1, rules: []}\n"));
        const std::string list = folder.write("names.txt", "example.org\n");
        const std::string file = folder.write(
            "policy.yaml", "{octroi: 1, include: policy.d, lists: {l: {file: names.txt}}}\n");
        octroi::Sha256 expected;
        for (const char* each : {"policy.yaml", "policy.d/a.yaml", "policy.d/b.yaml", "names.txt"})
            expected.add(folder.read(each));
        const auto catalogue = load_catalogue({});
        const auto digest = [&] { return load_policy(file, *catalogue).value().sha256(); };
        const std::string before = digest();
        CHECK(before == expected.hex());
        static_cast<void>(folder.write("names.txt", "example.com\n"));
        CHECK(digest() != before);
    }
}
