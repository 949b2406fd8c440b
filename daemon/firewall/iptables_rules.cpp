#include "daemon/firewall/iptables_rules.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace octroi {
namespace {

using IpFamily = IptablesWriter::Family;
using Table = IptablesWriter::Table;

// A mark that is set above the jump is cleared in table mangle, and would be a forgery in filter.
constexpr std::array<std::string_view, 8> harmless_in_mangle = {
    "MARK", "CONNMARK", "TCPMSS", "DSCP", "TOS", "CLASSIFY", "TTL", "HL"};
constexpr std::array tables_in_order = {Table::mangle, Table::filter};

std::string program_of(IpFamily family) {
    return family == IpFamily::ipv4 ? "iptables" : "ip6tables";
}

std::span<const std::string_view> harmless_in(Table table) {
    return table == Table::mangle ? std::span<const std::string_view>(harmless_in_mangle)
                                  : std::span<const std::string_view>();
}

// "-A FORWARD -j OCTROI" -> "FORWARD"
std::string_view chain_of(std::string_view rule) {
    return rule.substr(3, rule.find(' ', 3) - 3);
}

// The rules of a table in the order of IptablesListing::own_rules().
std::vector<std::string> in_chain_order(const std::vector<std::string>& rules) {
    return IptablesListing(fmt::format("{}", fmt::join(rules, "\n"))).own_rules();
}

std::expected<void, std::string> restore(IpFamily family, const std::string& text) {
    const auto restored =
        run_rules_program({program_of(family) + "-restore", "-w", "--noflush"}, text);
    return restored ? std::expected<void, std::string>() : std::unexpected(restored.error());
}

std::string removal_text(Table table, const IptablesListing& listing) {
    std::string text = fmt::format("*{}\n", table_name(table));
    for (const std::string& jump : listing.jumps())
        text += "-D" + jump.substr(2) + "\n";
    const auto present = [&](std::string_view chain) {
        return listing.has(fmt::format("-N {}", chain));
    };
    for (const std::string_view chain : IptablesWriter::chains(table))
        if (present(chain))
            text += fmt::format("-F {}\n", chain);
    for (const std::string_view chain : IptablesWriter::chains(table))
        if (present(chain))
            text += fmt::format("-X {}\n", chain);
    return text + "COMMIT\n";
}

}  // namespace

std::expected<IptablesRules::Tables, RulesError> IptablesRules::asked(IpFamily family) {
    const auto mangle = ask_rules_program({program_of(family), "-w", "-t", "mangle", "-S"});
    const auto filter =
        mangle ? ask_rules_program({program_of(family), "-w", "-t", "filter", "-S"}) : mangle;
    if (!filter)
        return std::unexpected(filter.error());
    return Tables{.mangle = IptablesListing(*mangle), .filter = IptablesListing(*filter)};
}

std::expected<IptablesRules::Tables, std::string> IptablesRules::listed(IpFamily family) {
    auto tables = asked(family);
    if (!tables)
        return std::unexpected(std::move(tables.error().text));
    return std::move(*tables);
}

std::string IptablesRules::print(std::uint8_t generation) const {
    return fmt::format("# iptables-restore --noflush\n{}# ip6tables-restore --noflush\n{}",
                       writer_.print(IpFamily::ipv4, generation),
                       writer_.print(IpFamily::ipv6, generation));
}

bool IptablesRules::jumps_first(const Tables& tables) const {
    const auto jumps = writer_.jumps();
    return std::ranges::all_of(tables_in_order, [&](Table table) {
        const IptablesListing& listing = tables.at(table);
        return listing.jumps().size() == jumps.size() &&
               std::ranges::all_of(jumps, [&](const std::string& jump) {
                   return listing.has(jump) && !listing.way_past(jump, harmless_in(table));
               });
    });
}

bool IptablesRules::has_rules(IpFamily family, const Tables& tables,
                              std::uint8_t generation) const {
    return std::ranges::all_of(tables_in_order, [&](Table table) {
        return tables.at(table).own_rules() ==
               in_chain_order(writer_.rules(family, table, generation));
    });
}

std::expected<bool, std::string> IptablesRules::install_family(IpFamily family,
                                                               std::uint8_t generation) const {
    const auto tables = listed(family);
    if (!tables)
        return std::unexpected(tables.error());
    const std::uint8_t kept = generation_in(tables->filter).value_or(generation);
    if (jumps_first(*tables) && has_rules(family, *tables, kept))
        return false;
    std::string text;
    for (const Table table : tables_in_order)
        text += writer_.table(family, table, kept, tables->at(table).jumps());
    if (const auto restored = restore(family, text); !restored)
        return std::unexpected(restored.error());
    return true;
}

std::expected<bool, std::string> IptablesRules::install(std::uint8_t generation) const {
    bool changed = false;
    for (const IpFamily family : IptablesWriter::families) {
        const auto installed = install_family(family, generation);
        if (!installed)
            return installed;
        changed = changed || *installed;
    }
    return changed;
}

std::expected<bool, std::string> IptablesRules::remove_family(IpFamily family) {
    const auto tables = listed(family);
    if (!tables)
        return std::unexpected(tables.error());
    std::string text;
    for (const Table table : tables_in_order)
        text += removal_text(table, tables->at(table));
    if (text == "*mangle\nCOMMIT\n*filter\nCOMMIT\n")
        return false;
    if (const auto restored = restore(family, text); !restored)
        return std::unexpected(restored.error());
    return true;
}

std::expected<bool, std::string> IptablesRules::remove() {
    bool changed = false;
    for (const IpFamily family : IptablesWriter::families) {
        const auto removed = remove_family(family);
        if (!removed)
            return removed;
        changed = changed || *removed;
    }
    return changed;
}

std::expected<bool, std::string> IptablesRules::present() {
    for (const IpFamily family : IptablesWriter::families) {
        const auto tables = asked(family);
        if (!tables && !tells_of_no_rules(tables.error()))
            return std::unexpected(tables.error().text);
        if (tables && (tables->filter.has("-N OCTROI") || tables->mangle.has("-N OCTROI")))
            return true;
    }
    return false;
}

void IptablesRules::note_jumps(IpFamily family, const Tables& tables, FirewallState& state) const {
    const auto jumps = writer_.jumps();
    for (const Table table : tables_in_order) {
        const std::string name = table == Table::mangle ? "mangle " : "";
        for (const std::string& jump : jumps)
            if (!tables.at(table).has(jump))
                state.differences.push_back(fmt::format(
                    "{}: {}{} does not jump to OCTROI: {}", program_of(family), name,
                    chain_of(jump),
                    table == Table::mangle ? "marks can be forged" : "no packet reaches octroi"));
        for (const std::string& jump : tables.at(table).jumps())
            if (std::ranges::find(jumps, jump) == jumps.end())
                state.differences.push_back(
                    fmt::format("{}: this jump of table {} is not a configured one: {}",
                                program_of(family), table_name(table), jump));
    }
}

void IptablesRules::note_ways_past(IpFamily family, const Tables& tables,
                                   FirewallState& state) const {
    for (const std::string& jump : writer_.jumps()) {
        if (const auto rule = tables.filter.way_past(jump, {}))
            state.ways_past.push_back(fmt::format(
                "{}: this rule stands above the jump to OCTROI and may take packets past "
                "octroi: {}",
                program_of(family), *rule));
        if (const auto rule = tables.mangle.way_past(jump, harmless_in_mangle))
            state.ways_past.push_back(
                fmt::format("{}: this rule of mangle stands above the jump to OCTROI and may let "
                            "forged marks through: {}",
                            program_of(family), *rule));
    }
}

std::expected<FirewallState, std::string> IptablesRules::inspect() const {
    FirewallState state;
    for (const IpFamily family : IptablesWriter::families) {
        const auto tables = listed(family);
        if (!tables)
            return std::unexpected(tables.error());
        const auto generation = generation_in(tables->filter);
        state.generations.push_back(generation);
        if (!generation) {
            state.differences.push_back(
                fmt::format("{}: the chain OCTROI is absent", program_of(family)));
            continue;
        }
        note_jumps(family, *tables, state);
        if (!has_rules(family, *tables, *generation))
            state.differences.push_back(
                fmt::format("{}: the rules of octroi's chains are not the configured ones",
                            program_of(family)));
        note_ways_past(family, *tables, state);
    }
    return state;
}

std::expected<std::vector<std::string>, std::string> IptablesRules::missed_by_bypass() const {
    std::vector<std::string> missed;
    if (!settings_.bypass)
        return missed;
    for (const IpFamily family : IptablesWriter::families) {
        const auto tables = listed(family);
        if (!tables)
            return std::unexpected(tables.error());
        for (const std::string& jump : writer_.jumps())
            if (const auto rule = tables->filter.refusal_behind(jump))
                missed.push_back(fmt::format(
                    "{}: under `on_failure: open` packets that pass uninspected do not meet "
                    "this rule (with nft they do): {}",
                    program_of(family), *rule));
    }
    return missed;
}

std::expected<std::uint64_t, std::string> IptablesRules::packets_to_queue() {
    std::uint64_t packets = 0;
    for (const IpFamily family : IptablesWriter::families) {
        const auto printed =
            run_rules_program({program_of(family), "-w", "-t", "filter", "-v", "-S"});
        if (!printed)
            return std::unexpected(printed.error());
        packets += IptablesListing(*printed).packets_to_queue();
    }
    return packets;
}

std::expected<bool, std::string> IptablesRules::kernel_tells_of_changes() {
    const auto said = run_rules_program({program_of(IpFamily::ipv4), "--version"});
    if (!said)
        return std::unexpected(said.error());
    return said->contains("nf_tables");
}

std::optional<std::uint8_t> IptablesRules::generation_in(const IptablesListing& filter) const {
    const auto mark = filter.accepted_mark();
    return mark ? std::optional(netfilter::generation_of(settings_.mark, *mark)) : std::nullopt;
}

std::expected<void, std::string> IptablesRules::set_generation(std::uint8_t generation) const {
    for (const IpFamily family : IptablesWriter::families)
        if (auto set = restore(family, writer_.new_generation(family, generation)); !set)
            return set;
    return {};
}

}  // namespace octroi
