#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/firewall/backend.hpp"
#include "daemon/firewall/firewall_state.hpp"
#include "daemon/firewall/iptables_rules.hpp"
#include "daemon/firewall/kernel_rules.hpp"
#include "daemon/firewall/nft_rules.hpp"

namespace octroi {

/// What octroi's work suffers from beside its own rules, a sentence each.
struct Hazards {
    std::vector<std::string> found;
    std::vector<std::string> unread;  ///< what could not be looked at
};

/// The kernel rules that send undecided packets to the queues and keep decisions in the conntrack
/// mark (docs/kernel.md).
class Firewall final : public KernelRules {
  public:
    /// Without a `backend`: that of the rules which are in the kernel, else nft where the kernel
    /// can, else iptables. That runs the programs; the error says which one could not look.
    [[nodiscard]] static std::expected<Firewall, std::string> open(
        const netfilter::Settings& settings, std::optional<Backend> backend);

    [[nodiscard]] Backend backend() const;

    /// The rules as the program takes them.
    [[nodiscard]] std::string print(std::uint8_t generation) const;

    /// Installs the rules; with iptables in one transaction for each family, with nft in one. Does
    /// nothing where they are there already. Keeps the generation of rules that are being replaced,
    /// and takes those of the other backend away. True: something changed.
    [[nodiscard]] std::expected<bool, std::string> install() const;

    /// Takes octroi's chains, jumps and table away; without a `backend` those of both. True:
    /// something changed.
    [[nodiscard]] static std::expected<bool, std::string> remove(std::optional<Backend> backend);

    [[nodiscard]] std::expected<FirewallState, std::string> inspect() const override;

    /// Rules of others that exempt packets from connection tracking or write octroi's bits of the
    /// marks; rules that packets miss which pass uninspected.
    [[nodiscard]] Hazards hazards() const;

    [[nodiscard]] std::expected<std::uint64_t, std::string> packets_to_queue() const override;
    [[nodiscard]] std::expected<bool, std::string> kernel_tells_of_changes() const override;
    [[nodiscard]] std::expected<std::optional<std::uint32_t>, std::string> revision()
        const override;
    [[nodiscard]] std::expected<void, std::string> set_generation(
        std::uint8_t generation) const override;
    [[nodiscard]] std::expected<void, std::string> retire(std::uint8_t generation,
                                                          std::uint8_t stale,
                                                          const Progress& progress) const override;

  private:
    using Rules = std::variant<IptablesRules, NftRules>;

    Firewall(netfilter::Settings settings, Rules rules)
        : settings_(std::move(settings)), rules_(std::move(rules)) {}

    [[nodiscard]] static std::expected<Backend, std::string> choose(
        const netfilter::Settings& settings);
    [[nodiscard]] std::expected<bool, std::string> other_is_there() const;
    [[nodiscard]] std::expected<std::uint8_t, std::string> generation_of_the_other() const;

    netfilter::Settings settings_;
    Rules rules_;
};

}  // namespace octroi
