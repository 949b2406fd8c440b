#include "daemon/gateway/ruleset_control.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "metrics/series/names.hpp"
#include "tests/unit/fake_kernel.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace octroi {
namespace {

constexpr std::string_view sound =
    "octroi: 1\n"
    "zones: {offices: {networks: [10.0.0.0/8]}}\n"
    "rules:\n"
    "  - {name: no-zoom, when: {service: zoom}, then: drop}\n";

// A control thread's part, over a kernel that is not there.
class Control {
  public:
    explicit Control(std::string_view policy = sound) {
        config_.policy = folder_.write("policy.yaml", policy);
    }

    void write_policy(std::string_view text) {
        static_cast<void>(folder_.write("policy.yaml", text));
    }

    [[nodiscard]] RulesetControl& begun() {
        REQUIRE(rules_.prepare(2).has_value());
        REQUIRE(rules_.begin().has_value());
        now = rules_.current().policy->moment();
        return rules_;
    }

    [[nodiscard]] double value(const std::string& name, const Labels& labels = {}) const {
        for (const Family& family : registry_.collect())
            for (const Family::Sample& sample : family.samples)
                if (family.name == name && sample.labels == labels)
                    return sample.value;
        return -1;
    }

    FakeKernel kernel;
    Instant now = absl::Now();
    std::vector<PolicyEvent> told;

  private:
    TemporaryFolder folder_;
    Config config_;
    SeriesRegistry registry_{1};
    Activity activity_;
    RulesetControl rules_{{.config = config_,
                           .kernel = kernel,
                           .registry = registry_,
                           .counters = registry_.worker(0),
                           .activity = activity_,
                           .tell = [this](PolicyEvent event) { told.push_back(std::move(event)); },
                           .now = [this] { return now; }}};
};

TEST_SUITE("ruleset control") {
    TEST_CASE("what is prepared is published, and in force when the kernel took its generation") {
        Control control;
        const RulesetControl& rules = control.begun();
        CHECK(rules.current().generation == 2);
        CHECK(rules.published().load()->generation == 2);
        CHECK(control.kernel.asked == std::vector<std::uint8_t>{2});
        REQUIRE(control.told.size() == 1);
        CHECK(control.told[0].kind == PolicyEvent::Kind::load);
        CHECK(control.value(metric::policy_generation) == 2);
    }

    TEST_CASE("a reload takes the next generation") {
        Control control;
        RulesetControl& rules = control.begun();
        CHECK(rules.reload().has_value());
        CHECK(rules.current().generation == 3);
        CHECK(control.kernel.state.generations[0] == 3);
        CHECK(control.told.back().kind == PolicyEvent::Kind::reload);
        CHECK(control.value(metric::config_reloads_total, {{"result", "success"}}) == 2);
    }

    TEST_CASE("a file that is broken changes nothing, and is told") {
        Control control;
        RulesetControl& rules = control.begun();
        const auto before = rules.published().load();
        control.write_policy(
            "octroi: 1\nrules: [{name: x, when: {service: nobody}, then: drop}]\n");
        const auto reloaded = rules.reload();
        REQUIRE_FALSE(reloaded.has_value());
        CHECK(reloaded.error().contains("nobody"));
        CHECK(rules.published().load() == before);
        CHECK(control.kernel.asked == std::vector<std::uint8_t>{2});
        CHECK(control.told.back().kind == PolicyEvent::Kind::refused);
        CHECK(control.told.back().error == reloaded.error());
        CHECK(control.value(metric::config_last_reload_successful) == 0);
        CHECK(control.value(metric::config_reloads_total, {{"result", "failure"}}) == 1);
        control.write_policy(sound);
        CHECK(rules.reload().has_value());
        CHECK(rules.current().generation == 3);
        CHECK(control.value(metric::config_last_reload_successful) == 1);
    }

    TEST_CASE("where the kernel refuses a generation, it is set back and the old ruleset stays") {
        Control control;
        RulesetControl& rules = control.begun();
        control.kernel.refused = {3};
        const auto reloaded = rules.reload();
        REQUIRE_FALSE(reloaded.has_value());
        CHECK(reloaded.error() == "the kernel refuses");
        CHECK(control.kernel.asked == std::vector<std::uint8_t>{2, 3, 2});
        CHECK(rules.current().generation == 2);
        CHECK(rules.published().load()->generation == 2);
        CHECK(control.told.back().kind == PolicyEvent::Kind::refused);
    }

    TEST_CASE(
        "where it can't be set back either, the old ruleset stays, and the next try is whole") {
        Control control;
        RulesetControl& rules = control.begun();
        control.kernel.refused = {2, 3};
        CHECK_FALSE(rules.reload().has_value());
        CHECK(rules.current().generation == 2);
        control.kernel.refused.clear();
        CHECK(rules.reload().has_value());
        CHECK(rules.current().generation == 3);
        CHECK(control.kernel.state.generations[1] == 3);
    }

    TEST_CASE("marks that can't be retired refuse a reload before the kernel's rules change") {
        Control control;
        RulesetControl& rules = control.begun();
        control.kernel.retire_error = "no buffer";
        CHECK_FALSE(rules.reload().has_value());
        CHECK(control.kernel.asked == std::vector<std::uint8_t>{2});
        CHECK(rules.current().generation == 2);
    }

    TEST_CASE("nothing changes by itself while no date and no hour passes") {
        Control control;
        RulesetControl& rules = control.begun();
        control.now += absl::Hours(24 * 400);
        CHECK(rules.follow_schedule() == false);
        CHECK(rules.current().generation == 2);
    }

    TEST_CASE("a date that passes puts the policy of then in force") {
        Control control(
            "octroi: 1\n"
            "zones: {offices: {networks: [10.0.0.0/8]}}\n"
            "rules:\n"
            "  - {name: no-zoom, when: {service: zoom}, then: drop, from: 2999-01-01}\n");
        RulesetControl& rules = control.begun();
        CHECK(rules.follow_schedule() == false);
        control.now = absl::FromCivil(absl::CivilDay(2999, 1, 2), absl::UTCTimeZone());
        CHECK(rules.follow_schedule() == true);
        CHECK(rules.current().generation == 3);
        CHECK(rules.current().policy->moment() == control.now);
        CHECK(control.told.back().kind == PolicyEvent::Kind::schedule);
        CHECK(rules.follow_schedule() == false);
    }

    TEST_CASE("a clock that is set back puts the policy of then in force") {
        Control control;
        RulesetControl& rules = control.begun();
        control.now -= absl::Hours(1);
        CHECK(rules.follow_schedule() == true);
        CHECK(rules.current().policy->moment() == control.now);
        CHECK(rules.follow_schedule() == false);
    }

    TEST_CASE("a date whose generation the kernel refuses is tried again") {
        Control control;
        RulesetControl& rules = control.begun();
        control.now -= absl::Hours(1);
        control.kernel.refused = {3};
        CHECK_FALSE(rules.follow_schedule().has_value());
        CHECK(rules.current().generation == 2);
        control.kernel.refused.clear();
        CHECK(rules.follow_schedule() == true);
        CHECK(rules.current().generation == 3);
    }

    TEST_CASE("a process that starts takes the generation after the kernel's, in its ring") {
        FakeKernel kernel;
        kernel.state.generations = {41, 41};
        CHECK(generation_at_start(kernel) == 42);
        kernel.state.generations = {63, 63};
        CHECK(generation_at_start(kernel) == 1);
    }

    TEST_CASE("it does not start beside rules that are absent, others, or not to be read") {
        FakeKernel kernel;
        kernel.state.generations = {std::nullopt, 1};
        CHECK(generation_at_start(kernel).error().contains("octroi firewall install"));
        kernel.state.generations = {};
        CHECK(generation_at_start(kernel).error().contains("octroi firewall install"));
        kernel.state.generations = {1, 1};
        kernel.state.differences = {"queue 0 is missing"};
        CHECK(generation_at_start(kernel).error().contains("queue 0 is missing"));
        kernel.unreadable = "nft: not found";
        CHECK(generation_at_start(kernel).error() == "nft: not found");
    }
}

}  // namespace
}  // namespace octroi
