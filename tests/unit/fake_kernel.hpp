#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/firewall/kernel_rules.hpp"

namespace octroi {

/// Rules of a kernel that is not there: `state` is what inspect() tells, and a generation that is
/// set goes into it, unless it is one of `refused`.
class FakeKernel : public KernelRules {
  public:
    mutable FirewallState state{.generations = {1, 1}};
    std::set<std::uint8_t> refused;
    std::optional<std::string> unreadable;  ///< what inspect() fails with
    std::optional<std::string> retire_error;
    std::optional<std::uint32_t> changes;     ///< nothing: the kernel tells of none
    mutable std::vector<std::uint8_t> asked;  ///< generations, in order
    mutable std::size_t looks = 0;

    [[nodiscard]] std::expected<FirewallState, std::string> inspect() const override {
        ++looks;
        if (unreadable)
            return std::unexpected(*unreadable);
        return state;
    }

    [[nodiscard]] std::expected<void, std::string> set_generation(
        std::uint8_t generation) const override {
        asked.push_back(generation);
        if (refused.contains(generation))
            return std::unexpected("the kernel refuses");
        for (auto& found : state.generations)
            found = generation;
        return {};
    }

    [[nodiscard]] std::expected<void, std::string> retire(std::uint8_t /*generation*/,
                                                          std::uint8_t /*stale*/,
                                                          const Progress& progress) const override {
        progress(1, 1);
        if (retire_error)
            return std::unexpected(*retire_error);
        return {};
    }

    [[nodiscard]] std::expected<bool, std::string> kernel_tells_of_changes() const override {
        return changes.has_value();
    }

    [[nodiscard]] std::expected<std::optional<std::uint32_t>, std::string> revision()
        const override {
        return changes;
    }

    [[nodiscard]] std::expected<std::uint64_t, std::string> packets_to_queue() const override {
        return 0;
    }
};

}  // namespace octroi
