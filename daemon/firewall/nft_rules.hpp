#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "daemon/firewall/firewall_state.hpp"
#include "daemon/firewall/nft_listing.hpp"
#include "daemon/firewall/nft_writer.hpp"
#include "daemon/firewall/rules_program.hpp"

namespace octroi {

/// The rules in the kernel by nft: table `inet octroi` and nothing else, both families in one
/// transaction. Firewall says what each function does.
class NftRules {
  public:
    explicit NftRules(const netfilter::Settings& settings)
        : settings_(settings), writer_(settings) {}

    [[nodiscard]] std::string print(std::uint8_t generation) const;

    /// Keeps the generation that is there; `generation` where none is.
    [[nodiscard]] std::expected<bool, std::string> install(std::uint8_t generation) const;

    [[nodiscard]] static std::expected<bool, std::string> remove();
    [[nodiscard]] std::expected<FirewallState, std::string> inspect() const;
    [[nodiscard]] static std::expected<std::uint64_t, std::string> packets_to_queue();

    [[nodiscard]] static bool kernel_tells_of_changes() { return true; }

    [[nodiscard]] std::expected<void, std::string> set_generation(std::uint8_t generation) const;

    /// Whether the table is there, be it the configured one or not.
    [[nodiscard]] static std::expected<bool, std::string> present();

    /// Whether program and kernel take these rules (some kernels have no `queue` expression): tried
    /// in a transaction that is not carried out. The error is nft's.
    [[nodiscard]] std::expected<void, RulesError> supported() const;

  private:
    /// Nothing where there is no such table.
    [[nodiscard]] static std::expected<std::optional<NftListing>, std::string> listed();
    [[nodiscard]] std::optional<std::uint8_t> generation_in(const NftListing& listing) const;

    netfilter::Settings settings_;
    NftWriter writer_;
};

}  // namespace octroi
