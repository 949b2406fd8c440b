#include "daemon/commands/catalogue_text.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/policy/samples.hpp"

using octroi::Difference;
using octroi::Domain;
using octroi::Refusal;
using octroi::Service;
using octroi::samples::network;

namespace {

const Service acme{.name = "acme"};

}  // namespace

TEST_SUITE("catalogue text") {
    TEST_CASE("a service that is not there, with the one that is near") {
        const auto catalogue = octroi::samples::catalogue();
        CHECK(no_such_service("zom", catalogue) ==
              "there is no service `zom`, did you mean `zoom`?");
        CHECK(no_such_service("quite-other", catalogue) == "there is no service `quite-other`");
    }

    TEST_CASE("a difference has a line for each network and name") {
        const Difference difference{.kept = {network("192.0.2.0/24")},
                                    .added = {network("198.51.100.0/24")},
                                    .removed = {network("203.0.113.0/24")},
                                    .names = {Domain::parse("new.example").value()}};
        CHECK(refresh_text(acme, difference) ==
              "acme: exclusive networks\n  + 198.51.100.0/24\n  + new.example\n"
              "  - 203.0.113.0/24\n  = 1 unchanged\n");
        CHECK(refresh_text(acme, {.kind = octroi::AddressKind::shared}) ==
              "acme: shared networks: no difference, 0 unchanged\n");
    }

    TEST_CASE("a long difference is cut") {
        Difference difference{.kind = octroi::AddressKind::exclusive_udp};
        for (int i = 0; i < 45; ++i)
            difference.added.push_back(network("192.0.2." + std::to_string(i)));
        const std::string text = refresh_text(acme, difference);
        CHECK(text.find("192.0.2.39/32") != std::string::npos);
        CHECK(text.find("192.0.2.40/32") == std::string::npos);
        CHECK(text.find("  + and 5 more; --json shows all\n") != std::string::npos);
    }

    TEST_CASE("the JSON object is one valid line with everything in it") {
        const Difference difference{.kept = {network("192.0.2.0/24")},
                                    .added = {network("2001:db8::/32")}};
        const std::vector<Refusal> refused{{.why = "a \"reason\"", .hint = "h"}};
        const std::string line = refresh_json(acme, difference, refused, "");
        CHECK(line.find('\n') == std::string::npos);
        const auto json = nlohmann::json::parse(line);
        CHECK(json["service"] == "acme");
        CHECK(json["kind"] == "exclusive");
        CHECK(json["added"] == std::vector<std::string>{"2001:db8::/32"});
        CHECK(json["removed"].empty());
        CHECK(json["unchanged"] == 1);
        CHECK(json["refused"][0] == "a \"reason\"");
        CHECK(json["written"].is_null());
        CHECK(nlohmann::json::parse(refresh_json(acme, {}, {}, "/d/acme.yaml"))["written"] ==
              "/d/acme.yaml");
    }
}
