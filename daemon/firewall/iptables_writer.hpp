#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/firewall/netfilter_rules.hpp"

namespace octroi {

/// octroi's rules as iptables and ip6tables take and print them. Chain `marks` is OCTROI of table
/// mangle; `gate`, `verdict` and `refuse` are OCTROI, OCTROI-VERDICT and OCTROI-REFUSE of table
/// filter.
class IptablesWriter {
  public:
    enum class Family : std::uint8_t { ipv4, ipv6 };
    enum class Table : std::uint8_t { mangle, filter };

    static constexpr std::array families = {Family::ipv4, Family::ipv6};

    explicit IptablesWriter(netfilter::Settings settings) : settings_(std::move(settings)) {}

    /// The names of octroi's chains in a table.
    [[nodiscard]] static std::vector<std::string_view> chains(Table table);

    /// The rules of octroi's chains, as `iptables -S` prints them.
    [[nodiscard]] std::vector<std::string> rules(Family family, Table table,
                                                 std::uint8_t generation) const;

    /// "-A FORWARD -j OCTROI" and its like: the same in both tables and families.
    [[nodiscard]] std::vector<std::string> jumps() const;

    /// One table for `iptables-restore --noflush`. `old_jumps` are rules that give way to those at
    /// the top.
    [[nodiscard]] std::string table(Family family, Table table, std::uint8_t generation,
                                    const std::vector<std::string>& old_jumps) const;

    /// Both tables, where nothing is installed yet.
    [[nodiscard]] std::string print(Family family, std::uint8_t generation) const;

    /// The rules that carry the generation, in their places.
    [[nodiscard]] std::string new_generation(Family family, std::uint8_t generation) const;

  private:
    [[nodiscard]] static std::string match(Family family, const netfilter::Match& match);
    [[nodiscard]] std::string target(Family family, const netfilter::Target& target) const;
    [[nodiscard]] std::string queue() const;

    netfilter::Settings settings_;
};

[[nodiscard]] std::string_view table_name(IptablesWriter::Table table);

}  // namespace octroi
