#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/firewall/netfilter_rules.hpp"

namespace octroi {

/// Rules of others that octroi's work suffers from, a sentence each (docs/kernel.md, "What the
/// administrator must have").
struct ForeignRules {
    std::vector<std::string> untracked;   ///< exempt packets from connection tracking
    std::vector<std::string> marks;       ///< write octroi's bits of the marks
    std::vector<std::string> offloading;  ///< take connections past the forward hook
    std::vector<std::string> unread;      ///< programs whose rules could not be looked at

    /// Adds what `program`-save printed (iptables-save, ip6tables-save).
    void add_iptables(std::string_view program, std::string_view saved,
                      const netfilter::Settings& settings);

    /// Adds what `nft -n -s list ruleset` printed. `without_iptables`: its tables were added
    /// already.
    void add_nft(std::string_view listed, const netfilter::Settings& settings,
                 bool without_iptables);
};

/// The bits of a mark that a rule, as iptables-save prints it, may spoil for others: those that it
/// sets in a packet's mark, those that it changes in a connection's.
[[nodiscard]] std::uint32_t marks_written_by_iptables(std::string_view rule);

/// The same of a rule as nft prints it. A packet's mark that comes from a map or a hash counts for
/// none.
[[nodiscard]] std::uint32_t marks_written_by_nft(std::string_view rule);

/// Reads the rules of every table through the programs that are there.
[[nodiscard]] ForeignRules foreign_rules(const netfilter::Settings& settings);

/// The same of nft's rules alone, at the cost of one program.
[[nodiscard]] ForeignRules foreign_rules_of_nft(const netfilter::Settings& settings);

}  // namespace octroi
