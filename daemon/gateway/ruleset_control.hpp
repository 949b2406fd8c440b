#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <absl/time/clock.h>

#include "daemon/config/config.hpp"
#include "daemon/engine/ruleset.hpp"
#include "daemon/firewall/kernel_rules.hpp"
#include "daemon/gateway/activity.hpp"
#include "metrics/events/event.hpp"
#include "metrics/series/series.hpp"

namespace octroi {

/// The generation for a process that starts: the one after that of the kernel's rules, which must
/// be there as they are configured. The error is what to tell the administrator.
[[nodiscard]] std::expected<std::uint8_t, std::string> generation_at_start(
    const KernelRules& kernel);

/// The ruleset in force and how it changes: by a reload, by a date or an hour, by an interface.
/// Used by the control thread; others take what is published.
class RulesetControl {
  public:
    struct Parts {
        const Config& config;
        const KernelRules& kernel;
        SeriesRegistry& registry;
        WorkerCounters& counters;  ///< the control thread's
        Activity& activity;
        std::function<void(PolicyEvent)> tell;  ///< of each change, and of each one refused
        std::function<Instant()> now = absl::Now;
    };

    explicit RulesetControl(Parts parts);

    /// Loads catalogue and policy and publishes them, for workers to start with. The error is what
    /// to tell the administrator; here and below.
    [[nodiscard]] std::expected<void, std::string> prepare(std::uint8_t generation);

    /// Puts what was prepared in force.
    [[nodiscard]] std::expected<void, std::string> begin();

    /// Loads catalogue and policy anew and puts them in force. On an error the old ones stay.
    [[nodiscard]] std::expected<void, std::string> reload();

    /// Puts the policy in force as it stands now, where a rule has begun or ended since, the clock
    /// was set back, or an interface of a zone came, went or was made anew. True where something
    /// changed.
    [[nodiscard]] std::expected<bool, std::string> follow_schedule();

    /// What is in force, behind begin().
    [[nodiscard]] const Ruleset& current() const { return *current_; }

    [[nodiscard]] const PublishedRuleset& published() const { return published_; }

  private:
    using Pointer = std::shared_ptr<const Ruleset>;

    [[nodiscard]] std::expected<Pointer, std::string> load(std::uint8_t generation);
    [[nodiscard]] std::expected<void, std::string> put_in_force(const Pointer& ruleset);
    void note(bool success);
    void tell(PolicyEvent::Kind kind, std::string error = {});

    struct Series {
        Slot success{};
        Slot failure{};
        Slot successful{};
        Slot success_time{};
        Slot generation{};
    };

    Parts parts_;
    Series series_;
    PublishedRuleset published_;
    Pointer current_;
    std::optional<Instant> next_edge_;  ///< when the policy in force changes by itself
};

}  // namespace octroi
