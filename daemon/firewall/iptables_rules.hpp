#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "daemon/firewall/firewall_state.hpp"
#include "daemon/firewall/iptables_listing.hpp"
#include "daemon/firewall/iptables_writer.hpp"
#include "daemon/firewall/rules_program.hpp"

namespace octroi {

/// The rules in the kernel by iptables and ip6tables, each family for itself. Only chains named
/// OCTROI* and the jumps to them are ever touched. Firewall says what each function does.
class IptablesRules {
  public:
    explicit IptablesRules(const netfilter::Settings& settings)
        : settings_(settings), writer_(settings) {}

    [[nodiscard]] std::string print(std::uint8_t generation) const;

    /// Keeps the generation that is there; `generation` where none is.
    [[nodiscard]] std::expected<bool, std::string> install(std::uint8_t generation) const;

    [[nodiscard]] static std::expected<bool, std::string> remove();
    [[nodiscard]] std::expected<FirewallState, std::string> inspect() const;
    [[nodiscard]] static std::expected<std::uint64_t, std::string> packets_to_queue();

    /// Whether iptables writes its rules to nf_tables (Debian's default) and not to the kernel's
    /// old tables.
    [[nodiscard]] static std::expected<bool, std::string> kernel_tells_of_changes();

    /// Under `on_failure: open`: the rules behind octroi's jump that refuse something. The kernel
    /// takes a packet that passes a queue uninspected for accepted by the whole chain.
    [[nodiscard]] std::expected<std::vector<std::string>, std::string> missed_by_bypass() const;

    [[nodiscard]] std::expected<void, std::string> set_generation(std::uint8_t generation) const;

    /// Whether chains of octroi are there, be they the configured ones or not.
    [[nodiscard]] static std::expected<bool, std::string> present();

  private:
    using Family = IptablesWriter::Family;
    using Table = IptablesWriter::Table;

    /// A family's tables as they are in the kernel.
    struct Tables {
        IptablesListing mangle;
        IptablesListing filter;

        [[nodiscard]] const IptablesListing& at(Table table) const {
            return table == Table::mangle ? mangle : filter;
        }
    };

    [[nodiscard]] static std::expected<Tables, RulesError> asked(Family family);
    [[nodiscard]] static std::expected<Tables, std::string> listed(Family family);
    [[nodiscard]] static std::expected<bool, std::string> remove_family(Family family);
    [[nodiscard]] std::expected<bool, std::string> install_family(Family family,
                                                                  std::uint8_t generation) const;
    [[nodiscard]] bool jumps_first(const Tables& tables) const;
    [[nodiscard]] bool has_rules(Family family, const Tables& tables,
                                 std::uint8_t generation) const;
    [[nodiscard]] std::optional<std::uint8_t> generation_in(const IptablesListing& filter) const;
    void note_jumps(Family family, const Tables& tables, FirewallState& state) const;
    void note_ways_past(Family family, const Tables& tables, FirewallState& state) const;

    netfilter::Settings settings_;
    IptablesWriter writer_;
};

}  // namespace octroi
