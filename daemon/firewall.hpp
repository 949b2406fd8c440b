#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "daemon/iptables_listing.hpp"
#include "daemon/mark.hpp"

namespace octroi {

/// The kernel rules that send undecided packets to the queues and keep decisions in the conntrack
/// mark (docs/kernel.md). Through iptables and ip6tables; only chains named OCTROI* and the jumps
/// to them are ever touched.
class Firewall {
  public:
    struct Settings {
        std::uint16_t first_queue = 0;
        std::uint16_t queue_count = 1;
        bool bypass = false;  ///< on_failure: open
        MarkLayout mark;
    };

    enum class Family : std::uint8_t { ipv4, ipv6 };

    explicit Firewall(const Settings& settings) : settings_(settings) {}

    /// The rules as `iptables-restore --noflush` takes them, jumps included.
    [[nodiscard]] std::string print(Family family, std::uint8_t generation) const;

    /// Installs the rules, in one transaction for each family and table. Does nothing where they
    /// are there already. Keeps the generation of rules that are being replaced. True: something
    /// changed.
    [[nodiscard]] std::expected<bool, std::string> install() const;

    /// Takes octroi's chains and jumps away. True: something changed.
    [[nodiscard]] static std::expected<bool, std::string> remove();

    /// The kernel's rules beside the configured ones.
    struct State {
        std::vector<std::string> differences;  ///< a sentence each; empty: none
        /// Rules of others above octroi's jumps that may take packets past octroi, likewise.
        std::vector<std::string> ways_past;
        /// The generation that each family's rules accept now; nothing where they are absent.
        std::array<std::optional<std::uint8_t>, 2> generations;

        /// Differences and ways past.
        [[nodiscard]] std::vector<std::string> drift() const;
    };

    [[nodiscard]] std::expected<State, std::string> inspect() const;

    /// Whether iptables writes its rules to nf_tables (Debian's default) and not to the kernel's
    /// old tables.
    [[nodiscard]] static bool uses_nf_tables();

    /// Makes the kernel accept marks of `generation` only, by replacing rules in place: no packet
    /// that waits in a queue is lost.
    [[nodiscard]] std::expected<void, std::string> set_generation(std::uint8_t generation) const;

  private:
    [[nodiscard]] std::vector<std::string> filter_rules(Family family,
                                                        std::uint8_t generation) const;
    [[nodiscard]] std::vector<std::string> mangle_rules() const;
    [[nodiscard]] std::expected<bool, std::string> install_family(Family family) const;
    [[nodiscard]] std::optional<std::uint8_t> generation_in(const IptablesListing& filter) const;

    Settings settings_;
};

}  // namespace octroi
