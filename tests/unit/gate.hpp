#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/engine/pipeline.hpp"
#include "daemon/engine/ruleset.hpp"
#include "rules/policy/policy.hpp"
#include "rules/text/yaml.hpp"
#include "tests/unit/wire.hpp"

namespace octroi {

/// The services that pipeline tests speak of: zoom (1, US) by name and exclusive address, visio
/// (4, FR) by name, bastion (9, FR) which permits only by name together with its address, outer
/// (10) whose names stand before an encrypted ClientHello.
[[nodiscard]] inline std::shared_ptr<const Catalogue> test_catalogue() {
    const auto read = [](const std::string& fields) {
        std::vector<Finding> findings;
        const auto document = yaml::parse(
            "service.yaml",
            "{vendor: V, sources: [{what: w, where: w, date: 2026-01-01}], " + fields + "}");
        return read_service(document.value(), findings).value();
    };
    std::vector<Finding> findings;
    return std::make_shared<const Catalogue>(
        Catalogue::build(
            {read("service: zoom, id: 1, name: Zoom, jurisdiction: US, "
                  "category: video-conferencing, domains: [zoom.us], "
                  "addresses: {exclusive: [170.114.0.0/16, \"2407:30c0::/32\"]}"),
             read("service: visio, id: 4, name: Visio, jurisdiction: FR, "
                  "category: video-conferencing, must_stay: true, "
                  "domains: [visio.numerique.gouv.fr]"),
             read("service: bastion, id: 9, name: Bastion, jurisdiction: FR, category: vpn, "
                  "domains: [bastion.gouv.fr], addresses: {shared: [203.0.113.0/24]}, "
                  "verify: addresses"),
             read("service: outer, id: 10, name: Outer, jurisdiction: US, category: relay, "
                  "domains: [ech.example], ech_outer: true")},
            findings)
            .value());
}

/// A policy from its YAML text.
[[nodiscard]] inline Policy policy_of(std::string_view text, const Catalogue& catalogue) {
    std::vector<Finding> findings;
    const auto document = yaml::parse("policy.yaml", std::string(text));
    return read_policy(document.value(), catalogue, findings).value();
}

/// A pipeline with its policy, clock and counters.
class Gate {
  public:
    struct Options {
        FlowTable::Settings flows = {};
        std::size_t buffer_limit = 1UL << 20U;
        Observe observe = Observe::full;
    };

    explicit Gate(std::string_view policy) : Gate(policy, Options()) {}

    Gate(std::string_view policy, const Options& options)
        : ruleset_(ruleset_of(policy, 1)),
          pipeline_({.flows = options.flows,
                     .buffer_limit = options.buffer_limit,
                     .mark = layout,
                     .observe = options.observe,
                     .memory = memory_},
                    PipelineSeries(registry_, 0), registry_.worker(0)) {}

    static constexpr MarkLayout layout{};

    Time now = Time(std::chrono::hours(24));
    std::uint32_t input_interface = 0;   ///< that packets come in through
    std::uint32_t output_interface = 0;  ///< that they go out through
    std::uint32_t mark = 0;              ///< that they come with

    Pipeline::Step operator()(const wire::Buffer& packet) {
        return pipeline_.process(packet,
                                 {.time = now,
                                  .input_interface = input_interface,
                                  .output_interface = output_interface,
                                  .mark = mark},
                                 ruleset_);
    }

    /// Puts a policy in force as a reload does.
    void reload(std::string_view policy) {
        auto zones = ruleset_.interface_zones;
        ruleset_ = ruleset_of(policy, next_generation(ruleset_.generation));
        ruleset_.interface_zones = std::move(zones);
    }

    /// Says that clients behind an interface are in the policy's zone number `zone`.
    void bind_interface(std::uint32_t interface, std::size_t zone) {
        ruleset_.interface_zones[interface].set(zone);
    }

    [[nodiscard]] std::vector<Family> families() const { return registry_.collect(); }

    /// The value of a series; -1 where it is not exported.
    [[nodiscard]] double counted(std::string_view name, const Labels& labels = {}) const {
        for (const Family& family : families())
            if (family.name == name)
                for (const Family::Sample& sample : family.samples)
                    if (sample.labels == labels)
                        return sample.value;
        return -1;
    }

    [[nodiscard]] Family::Buckets histogram(std::string_view name) const {
        for (const Family& family : families())
            if (family.name == name && family.buckets)
                return *family.buckets;
        return {};
    }

    [[nodiscard]] double exceptions(std::string_view exception, std::string_view action) const {
        return counted("octroi_exceptions_total",
                       {{"exception", std::string(exception)}, {"action", std::string(action)}});
    }

    [[nodiscard]] double redecided(std::string_view action) const {
        return counted("octroi_flows_redecided_total", {{"action", std::string(action)}});
    }

    [[nodiscard]] double packets(std::string_view family, std::string_view verdict) const {
        return counted("octroi_packets_total",
                       {{"family", std::string(family)}, {"verdict", std::string(verdict)}});
    }

    [[nodiscard]] Pipeline& pipeline() { return pipeline_; }

    [[nodiscard]] std::shared_ptr<const ClientMemory> pipeline_memory() const { return memory_; }

    [[nodiscard]] const Ruleset& ruleset() const { return ruleset_; }

  private:
    Ruleset ruleset_of(std::string_view policy, std::uint8_t generation) {
        const auto catalogue = test_catalogue();
        Ruleset ruleset = make_ruleset(catalogue, policy_of(policy, *catalogue), registry_);
        ruleset.generation = generation;
        return ruleset;
    }

    std::shared_ptr<ClientMemory> memory_ = std::make_shared<ClientMemory>();
    SeriesRegistry registry_{1};
    Ruleset ruleset_;
    Pipeline pipeline_;
};

}  // namespace octroi
