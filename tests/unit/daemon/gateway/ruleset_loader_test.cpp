#include "daemon/gateway/ruleset_loader.hpp"

#include <doctest/doctest.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

TEST_SUITE("ruleset loader") {
    TEST_CASE("what is shipped loads, watches only, and never holds the State's tools back") {
        SeriesRegistry registry(1);
        const auto ruleset = load_ruleset(std::nullopt, std::nullopt, registry);
        REQUIRE(ruleset);
        CHECK(ruleset->generation == 1);
        CHECK(ruleset->policy->defaults().action == Action::accept);
        for (const Rule& rule : ruleset->policy->rules())
            CHECK((rule.then == Action::accept || rule.mode == Mode::monitor));
        for (const char* name : {"visio", "tchap", "olvid"}) {
            CAPTURE(name);
            const Service* service = ruleset->catalogue->find(name);
            REQUIRE(service != nullptr);
            const Facts facts{.service_known = true, .service = service->id, .name_known = true};
            CHECK(ruleset->policy->decide(facts).would.action == Action::accept);
        }
    }

    TEST_CASE("a policy and a catalogue folder are read from files") {
        const TemporaryFolder folder;
        const std::string policy = folder.write(
            "policy.txt", "octroi: 1\nrules: [{name: a, when: {service: acme}, then: drop}]\n");
        CHECK(folder.write("acme.yaml",
                           "{service: acme, id: 2000, name: Acme, vendor: A, jurisdiction: US, "
                           "category: game, domains: [acme.example], "
                           "sources: [{what: w, where: w, date: 2026-01-01}]}\n") != "");
        SeriesRegistry registry(1);
        const auto ruleset = load_ruleset(policy, folder.path(""), registry);
        REQUIRE(ruleset);
        CHECK(ruleset->catalogue->find_domain("www.acme.example")->id == 2000);
        CHECK(ruleset->catalogue->find("zoom") != nullptr);
        CHECK(ruleset->policy->rules().size() == 1);
    }

    TEST_CASE("the error is every finding as people read it") {
        const TemporaryFolder folder;
        const std::string policy = folder.write("p.yaml",
                                                "octroi: 1\n"
                                                "rules:\n"
                                                "  - {name: a, when: {service: zom}, then: drop}\n"
                                                "  - {name: b, then: fly}\n");
        SeriesRegistry registry(1);
        const auto ruleset = load_ruleset(policy, std::nullopt, registry);
        REQUIRE_FALSE(ruleset);
        CHECK(ruleset.error().find("p.yaml:3:31: error[E012]: ") != std::string::npos);
        CHECK(ruleset.error().find("p.yaml:4:21: error[E010]: ") != std::string::npos);
        CHECK(ruleset.error().find("hint: did you mean `zoom`?") != std::string::npos);
    }

    TEST_CASE("a folder that is not there is an error, not an empty catalogue") {
        SeriesRegistry registry(1);
        CHECK_FALSE(load_ruleset(std::nullopt, "/nonexistent/catalogue.d", registry));
    }

    TEST_CASE("of very many findings the first fifty are shown, and the rest counted") {
        const std::vector<Finding> findings(
            60, {.code = Code::bad_value, .file = "f.yaml", .text = "wrong"});
        const std::string text = render_all(findings);
        CHECK(text.ends_with("f.yaml: error[E010]: wrong\nand 10 more\n"));
        CHECK(render_all({}).empty());
    }
}
