#include "daemon/gateway/policy_collector.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/unit/gate.hpp"

using namespace octroi;

namespace {

class Exported {
  public:
    explicit Exported(std::string_view policy, std::string_view at = "2027-01-15") {
        SeriesRegistry registry(1);
        const auto catalogue = test_catalogue();
        const Instant moment = *parse_moment(at, absl::UTCTimeZone());
        const Ruleset ruleset =
            make_ruleset(catalogue, policy_of(policy, *catalogue).at(moment), registry);
        add_policy_families(families_, ruleset);
    }

    // The value of a series; -1 where it is not exported.
    [[nodiscard]] double value(std::string_view name, const Labels& labels = {}) const {
        for (const Family& family : families_)
            if (family.name == name)
                for (const Family::Sample& sample : family.samples)
                    if (sample.labels == labels)
                        return sample.value;
        return -1;
    }

    // The one mode that is in force.
    [[nodiscard]] std::string mode() const {
        std::string found;
        for (const char* mode : {"enforce", "partial", "monitor"})
            if (value("octroi_enforcement_mode", {{"mode", mode}}) == 1)
                found += mode;
        return found;
    }

  private:
    std::vector<Family> families_;
};

std::string exemption(std::string_view name, std::string_view dates) {
    return fmt::format("{{name: {}, when: {{service: zoom}}, {}, owner: o, ticket: t}}", name,
                       dates);
}

std::string rule(std::string_view fields) {
    return fmt::format(
        "{{octroi: 1, zones: {{pilot: [10.0.0.0/8]}},"
        " rules: [{{name: r, when: {{service: zoom}}, then: reject, {}}}]}}",
        fields);
}

Labels of_service(const char* service, const char* category, const char* jurisdiction,
                  const char* covered) {
    return {{"service", service},
            {"category", category},
            {"jurisdiction", jurisdiction},
            {"covered", covered}};
}

}  // namespace

TEST_SUITE("policy families") {
    TEST_CASE("exemptions are counted by what their dates say, and the next end is told") {
        const Exported exported("{octroi: 1, rules: [], exemptions: [" +
                                exemption("later", "from: 2027-02-01, until: 2027-03-01") + "," +
                                exemption("now", "until: 2027-01-31") + "," +
                                exemption("longer", "until: 2027-06-30") + "," +
                                exemption("over", "until: 2026-12-31") + "]}");
        const auto state = [&](const char* name) {
            return exported.value("octroi_policy_exemptions", {{"state", name}});
        };
        CHECK(state("pending") == 1);
        CHECK(state("active") == 2);
        CHECK(state("expired") == 1);
        const double february = 1801440000;  // date -ud 2027-02-01 +%s
        CHECK(exported.value("octroi_policy_next_exemption_expiry_timestamp_seconds") == february);
        CHECK(exported.value("octroi_exemption_expiry_timestamp_seconds", {{"rule", "now"}}) ==
              february);
    }

    TEST_CASE("without exemptions the series are there, and say so") {
        const Exported exported("{octroi: 1, rules: []}");
        CHECK(exported.value("octroi_policy_exemptions", {{"state", "active"}}) == 0);
        CHECK(exported.value("octroi_policy_next_exemption_expiry_timestamp_seconds") == 0);
    }

    TEST_CASE("the mode is what the refusing rules do") {
        CHECK(Exported(rule("mode: enforce")).mode() == "enforce");
        CHECK(Exported(rule("mode: monitor")).mode() == "monitor");
        CHECK(Exported("{octroi: 1, defaults: {mode: monitor}, rules: []}").mode() == "monitor");
        CHECK(Exported("{octroi: 1, defaults: {action: drop, mode: enforce},"
                       " rules: [{name: r, when: {port: 1}, then: drop, mode: monitor}]}")
                  .mode() == "partial");
    }

    TEST_CASE("the mode follows a rollout") {
        const std::string staged = rule(
            "rollout: [{from: 2027-01-01, zone: pilot}, {from: 2027-02-01, percent: 25},"
            " {from: 2027-03-01}]");
        CHECK(Exported(staged, "2026-12-31").mode() == "monitor");
        CHECK(Exported(staged, "2027-01-01").mode() == "partial");
        CHECK(Exported(staged, "2027-02-15").mode() == "partial");
        CHECK(Exported(staged, "2027-03-01").mode() == "enforce");
    }

    TEST_CASE("every service of the catalogue is told, and whether a rule names it") {
        const Exported exported(
            "{octroi: 1, rules: [{name: r, when: {category: video-conferencing,"
            " jurisdiction: {not: FR}}, then: reject}]}");
        const char* name = "octroi_service_info";
        CHECK(exported.value(name, of_service("zoom", "video-conferencing", "US", "yes")) == 1);
        CHECK(exported.value(name, of_service("visio", "video-conferencing", "FR", "no")) == 1);
        CHECK(exported.value(name, of_service("outer", "relay", "US", "no")) == 1);
    }

    TEST_CASE("the policy is told by the digest of its text") {
        const std::string digest =  // printf '{octroi: 1, rules: []}' | sha256sum
            "84d8ef255ebebe6705aee51ed287ff069c5a5cde828474b88611bc5196539e5c";
        CHECK(Exported("{octroi: 1, rules: []}")
                  .value("octroi_policy_info",
                         {{"revision", digest.substr(0, 12)}, {"sha256", digest}}) == 1);
    }
}
