#include "daemon/engine/flow_series.hpp"

#include <set>

#include <doctest/doctest.h>

#include "tests/unit/gate.hpp"

using namespace octroi;

namespace {

constexpr std::string_view two_zones =
    "octroi: 1\n"
    "zones: {a: {networks: [10.0.0.0/8]}, b: {networks: [10.1.0.0/16]}}\n"
    "rules: [{name: r, when: {service: zoom}, then: reject}]\n";

std::set<Labels> shown(const SeriesRegistry& registry, std::string_view name) {
    std::set<Labels> labels;
    for (const Family& family : registry.collect())
        if (family.name == name)
            for (const Family::Sample& sample : family.samples)
                labels.insert(sample.labels);
    return labels;
}

Labels labels(const std::string& service, const std::string& zone, const std::string& action,
              const std::string& would) {
    return {{"service", service}, {"zone", zone}, {"action", action}, {"would", would}};
}

}  // namespace

TEST_SUITE("flow series") {
    TEST_CASE("every service, zone, action and would-be action has slots of its own") {
        SeriesRegistry registry(1);
        const auto catalogue = test_catalogue();
        const Policy policy = policy_of(two_zones, *catalogue);
        const FlowSeries series(registry, *catalogue, policy);
        std::set<Slot> slots;
        for (const ServiceId service : {no_service, ServiceId{1}, ServiceId{4}, ServiceId{9}})
            for (const std::optional<std::size_t> zone :
                 {std::optional<std::size_t>(0), std::optional<std::size_t>(1),
                  std::optional<std::size_t>()})
                for (unsigned action = 0; action < 3; ++action)
                    for (unsigned would = 0; would < 3; ++would) {
                        const auto& at = series.at(service, zone, static_cast<Action>(action),
                                                   static_cast<Action>(would));
                        slots.insert(at.flows);
                        slots.insert(at.packets);
                    }
        CHECK(slots.size() == 4UL * 3 * 9 * 2);
        CHECK_FALSE(slots.contains(0));  // the overflow series
    }

    TEST_CASE("a slot counts under its own labels") {
        SeriesRegistry registry(1);
        const auto catalogue = test_catalogue();
        const Policy policy = policy_of(two_zones, *catalogue);
        const FlowSeries series(registry, *catalogue, policy);
        registry.worker(0).add(series.at(1, 1, Action::accept, Action::drop).flows);
        registry.worker(0).add(series.at(4, {}, Action::reject, Action::drop).packets);
        CHECK(
            shown(registry, "octroi_flows_total").contains(labels("zoom", "b", "accept", "drop")));
        CHECK(shown(registry, "octroi_flow_packets_total")
                  .contains(labels("visio", "none", "reject", "drop")));
    }

    TEST_CASE("what a rule can do to a service is shown before it happens, the rest is not") {
        SeriesRegistry registry(1);
        const auto catalogue = test_catalogue();
        const Policy policy = policy_of(two_zones, *catalogue);
        const FlowSeries series(registry, *catalogue, policy);
        const auto flows = shown(registry, "octroi_flows_total");
        CHECK(flows.contains(labels("zoom", "none", "reject", "reject")));
        CHECK(flows.contains(labels("zoom", "a", "accept", "reject")));
        CHECK(flows.contains(labels("unknown", "b", "accept", "accept")));
        CHECK(flows.contains(labels("outer", "b", "accept", "accept")));
        CHECK_FALSE(flows.contains(labels("visio", "none", "reject", "reject")));
        CHECK_FALSE(flows.contains(labels("zoom", "none", "drop", "reject")));
    }

    TEST_CASE("a service is covered where a rule names it, by itself or by what it is") {
        const auto catalogue = test_catalogue();
        const ServiceSet covered = covered_services(
            policy_of("octroi: 1\n"
                      "rules: [{name: a, when: {service: bastion}, then: accept},\n"
                      "        {name: b, when: {jurisdiction: US, category: relay}, then: drop},\n"
                      "        {name: c, when: {service: {not: zoom}}, then: drop},\n"
                      "        {name: d, when: {port: 80}, then: drop}]\n",
                      *catalogue));
        CHECK(covered.test(9));
        CHECK(covered.test(10));
        CHECK_FALSE(covered.test(1));
    }

    TEST_CASE("a second policy goes on counting in the same series") {
        SeriesRegistry registry(1);
        const auto catalogue = test_catalogue();
        const FlowSeries first(registry, *catalogue, policy_of(two_zones, *catalogue));
        const FlowSeries second(registry, *catalogue,
                                policy_of("octroi: 1\n"
                                          "zones: {b: {networks: [10.1.0.0/16]}}\n"
                                          "rules: []\n",
                                          *catalogue));
        CHECK(first.at(1, 1, Action::reject, Action::reject).flows ==
              second.at(1, 0, Action::reject, Action::reject).flows);
        CHECK(first.at(1, {}, Action::reject, Action::reject).flows ==
              second.at(1, {}, Action::reject, Action::reject).flows);
    }
}
