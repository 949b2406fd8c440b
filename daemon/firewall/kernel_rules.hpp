#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "daemon/firewall/firewall_state.hpp"

namespace octroi {

/// What the running process asks of octroi's rules in the kernel. Firewall is it on a gateway.
class KernelRules {
  public:
    using Progress = std::function<void(std::size_t done, std::size_t total)>;

    KernelRules() = default;
    virtual ~KernelRules() = default;

    /// The rules as they are, beside the configured ones.
    [[nodiscard]] virtual std::expected<FirewallState, std::string> inspect() const = 0;

    /// Makes the kernel accept marks of `generation` only, by replacing rules in place: no packet
    /// that waits in a queue is lost.
    [[nodiscard]] virtual std::expected<void, std::string> set_generation(
        std::uint8_t generation) const = 0;

    /// Moves connections that still carry `generation` from a full turn of the ring ago to `stale`
    /// (retire_generation()).
    [[nodiscard]] virtual std::expected<void, std::string> retire(
        std::uint8_t generation, std::uint8_t stale, const Progress& progress) const = 0;

    /// Whether revision() changes with every change of these rules. May run a program.
    [[nodiscard]] virtual std::expected<bool, std::string> kernel_tells_of_changes() const = 0;

    /// nft_revision().
    [[nodiscard]] virtual std::expected<std::optional<std::uint32_t>, std::string> revision()
        const = 0;

    /// How many packets the rules gave to the queues so far, both families.
    [[nodiscard]] virtual std::expected<std::uint64_t, std::string> packets_to_queue() const = 0;

  protected:
    KernelRules(const KernelRules&) = default;
    KernelRules& operator=(const KernelRules&) = default;
    KernelRules(KernelRules&&) = default;
    KernelRules& operator=(KernelRules&&) = default;
};

}  // namespace octroi
