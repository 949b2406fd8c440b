#include "daemon/firewall.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/subprocess.hpp"

namespace octroi {
namespace {

constexpr std::array families = {Firewall::Family::ipv4, Firewall::Family::ipv6};
constexpr std::array<std::string_view, 3> filter_chains = {"OCTROI", "OCTROI-VERDICT",
                                                           "OCTROI-REFUSE"};
constexpr std::array<std::string_view, 1> mangle_chains = {"OCTROI"};
// Neighbour discovery (RFC 4861 4): never queued.
constexpr std::array neighbour_discovery = {133, 134, 135, 136, 137};

std::string tool(Firewall::Family family) {
    return family == Firewall::Family::ipv4 ? "iptables" : "ip6tables";
}

std::string value_mask(std::uint32_t value, std::uint32_t mask) {
    return fmt::format("{:#x}/{:#x}", value, mask);
}

std::expected<std::string, std::string> run_tool(const std::vector<std::string>& arguments,
                                                 const std::string& input = {}) {
    const auto finished = run_program(arguments, input);
    if (!finished)
        return std::unexpected(finished.error() + " (Debian package iptables)");
    if (finished->exit_code != 0)
        return std::unexpected(fmt::format("{} failed: {}", arguments[0], finished->errors));
    return finished->output;
}

// The rules of a table in the order of IptablesListing::own_rules().
std::vector<std::string> in_chain_order(const std::vector<std::string>& rules) {
    return IptablesListing(fmt::format("{}", fmt::join(rules, "\n"))).own_rules();
}

// A family's tables as they are in the kernel.
struct Tables {
    IptablesListing mangle;
    IptablesListing filter;
};

std::expected<Tables, std::string> listed(Firewall::Family family) {
    const auto mangle = run_tool({tool(family), "-w", "-t", "mangle", "-S"});
    const auto filter = mangle ? run_tool({tool(family), "-w", "-t", "filter", "-S"}) : mangle;
    if (!filter)
        return std::unexpected(filter.error());
    return Tables{.mangle = IptablesListing(*mangle), .filter = IptablesListing(*filter)};
}

// A mark that is set above the jump is cleared in table mangle, and would be a forgery in filter.
const std::vector<std::string_view> harmless_in_mangle = {"MARK", "CONNMARK", "TCPMSS", "DSCP",
                                                          "TOS",  "CLASSIFY", "TTL",    "HL"};

bool jumps_first(const Tables& tables) {
    return tables.filter.has(IptablesListing::jump) && tables.mangle.has(IptablesListing::jump) &&
           !tables.filter.way_past({}) && !tables.mangle.way_past(harmless_in_mangle);
}

std::ptrdiff_t jumps_in(const IptablesListing& listing) {
    return std::ranges::count(listing.lines(), IptablesListing::jump);
}

// `jumps`: how many jumps to OCTROI are there already. They give way to one at the top.
template <typename Chains>
std::string table_text(std::string_view table, const Chains& chains,
                       const std::vector<std::string>& rules, std::ptrdiff_t jumps) {
    std::string text = fmt::format("*{}\n", table);
    for (const std::string_view chain : chains)
        text += fmt::format(":{} - [0:0]\n", chain);
    for (const std::string& rule : rules)
        text += rule + "\n";
    for (; jumps > 0; --jumps)
        text += "-D FORWARD -j OCTROI\n";
    return text + "-I FORWARD 1 -j OCTROI\nCOMMIT\n";
}

template <typename Chains>
std::string removal_text(std::string_view table, const Chains& chains,
                         const IptablesListing& listing) {
    std::string text = fmt::format("*{}\n", table);
    for (std::ptrdiff_t jumps = jumps_in(listing); jumps > 0; --jumps)
        text += "-D FORWARD -j OCTROI\n";
    const auto present = [&](std::string_view chain) {
        return listing.has(fmt::format("-N {}", chain));
    };
    for (const std::string_view chain : chains)
        if (present(chain))
            text += fmt::format("-F {}\n", chain);
    for (const std::string_view chain : chains)
        if (present(chain))
            text += fmt::format("-X {}\n", chain);
    return text + "COMMIT\n";
}

std::expected<bool, std::string> remove_family(Firewall::Family family) {
    const auto tables = listed(family);
    if (!tables)
        return std::unexpected(tables.error());
    const std::string text = removal_text("mangle", mangle_chains, tables->mangle) +
                             removal_text("filter", filter_chains, tables->filter);
    if (text == "*mangle\nCOMMIT\n*filter\nCOMMIT\n")
        return false;
    const auto restored = run_tool({tool(family) + "-restore", "-w", "--noflush"}, text);
    if (!restored)
        return std::unexpected(restored.error());
    return true;
}

}  // namespace

std::vector<std::string> Firewall::mangle_rules() const {
    // A restored mark of another program must not pass for a decision of ours.
    return {fmt::format("-A OCTROI -j MARK --set-xmark {}", value_mask(0, settings_.mark.mask()))};
}

std::vector<std::string> Firewall::filter_rules(Family family, std::uint8_t generation) const {
    const MarkLayout& layout = settings_.mark;
    const std::string icmp = family == Family::ipv4 ? "icmp" : "ipv6-icmp";
    const std::string unreachable =
        family == Family::ipv4 ? "icmp-port-unreachable" : "icmp6-port-unreachable";
    const std::string masks = fmt::format("--nfmask {0:#x} --ctmask {0:#x}", layout.mask());
    const auto state = [&](MarkState value) {
        return value_mask(layout.encode({.state = value}), layout.state_mask());
    };
    const auto kept = [&](MarkState value) {
        return value_mask(
            layout.encode({.state = value, .generation = generation}),
            layout.generation_mask() | (value == MarkState::none ? 0 : layout.state_mask()));
    };
    const std::string queues = settings_.queue_count == 1
                                   ? fmt::format("--queue-num {}", settings_.first_queue)
                                   : fmt::format("--queue-balance {}:{}", settings_.first_queue,
                                                 settings_.first_queue + settings_.queue_count - 1);

    std::vector<std::string> rules = {
        // Decided flows leave by the first two rules; these carry the generation.
        fmt::format("-A OCTROI -m connmark --mark {} -j RETURN", kept(MarkState::accept)),
        fmt::format("-A OCTROI -m connmark --mark {} -g OCTROI-REFUSE", kept(MarkState::none)),
        // Second pass: the verdict came back in the packet's mark.
        fmt::format("-A OCTROI -m mark ! --mark {} -g OCTROI-VERDICT", state(MarkState::none)),
        // An ICMP error shares the conntrack entry of the flow it speaks about.
        fmt::format("-A OCTROI -p {} -m conntrack --ctstate RELATED -j RETURN", icmp)};
    if (family == Family::ipv6)
        for (const int type : neighbour_discovery)
            rules.push_back(
                fmt::format("-A OCTROI -p ipv6-icmp -m icmp6 --icmpv6-type {} -j RETURN", type));
    rules.push_back(fmt::format("-A OCTROI -j CONNMARK --restore-mark {}", masks));
    rules.push_back(fmt::format("-A OCTROI -j NFQUEUE {}{}", queues,
                                settings_.bypass ? " --queue-bypass" : ""));

    rules.push_back(
        fmt::format("-A OCTROI-REFUSE -m connmark --mark {} -j DROP", state(MarkState::drop)));
    rules.push_back(
        fmt::format("-A OCTROI-REFUSE -m mark --mark {} -j DROP", state(MarkState::drop)));
    rules.emplace_back("-A OCTROI-REFUSE -p tcp -j REJECT --reject-with tcp-reset");
    rules.push_back(fmt::format("-A OCTROI-REFUSE -j REJECT --reject-with {}", unreachable));

    rules.push_back(
        fmt::format("-A OCTROI-VERDICT -m mark --mark {} -j RETURN", state(MarkState::pass)));
    rules.push_back(fmt::format("-A OCTROI-VERDICT -j CONNMARK --save-mark {}", masks));
    rules.push_back(
        fmt::format("-A OCTROI-VERDICT -m mark --mark {} -j RETURN", state(MarkState::accept)));
    rules.emplace_back("-A OCTROI-VERDICT -g OCTROI-REFUSE");
    return rules;
}

std::string Firewall::print(Family family, std::uint8_t generation) const {
    return table_text("mangle", mangle_chains, mangle_rules(), 0) +
           table_text("filter", filter_chains, filter_rules(family, generation), 0);
}

std::expected<bool, std::string> Firewall::install_family(Family family) const {
    const auto tables = listed(family);
    if (!tables)
        return std::unexpected(tables.error());
    const std::uint8_t generation = generation_in(tables->filter).value_or(1);
    if (jumps_first(*tables) && tables->mangle.own_rules() == mangle_rules() &&
        tables->filter.own_rules() == in_chain_order(filter_rules(family, generation)))
        return false;
    const std::string text =
        table_text("mangle", mangle_chains, mangle_rules(), jumps_in(tables->mangle)) +
        table_text("filter", filter_chains, filter_rules(family, generation),
                   jumps_in(tables->filter));
    const auto restored = run_tool({tool(family) + "-restore", "-w", "--noflush"}, text);
    if (!restored)
        return std::unexpected(restored.error());
    return true;
}

std::expected<bool, std::string> Firewall::install() const {
    bool changed = false;
    for (const Family family : families) {
        const auto installed = install_family(family);
        if (!installed)
            return installed;
        changed = changed || *installed;
    }
    return changed;
}

std::expected<bool, std::string> Firewall::remove() {
    bool changed = false;
    for (const Family family : families) {
        const auto removed = remove_family(family);
        if (!removed)
            return removed;
        changed = changed || *removed;
    }
    return changed;
}

std::expected<Firewall::State, std::string> Firewall::inspect() const {
    State state;
    for (const Family family : families) {
        const auto tables = listed(family);
        if (!tables)
            return std::unexpected(tables.error());
        const auto generation = generation_in(tables->filter);
        state.generations.at(static_cast<std::size_t>(family)) = generation;
        const auto differ = [&](const std::string& what) {
            state.differences.push_back(fmt::format("{}: {}", tool(family), what));
        };
        if (!generation) {
            differ("the chain OCTROI is absent");
            continue;
        }
        if (!tables->filter.has(IptablesListing::jump))
            differ("FORWARD does not jump to OCTROI: no packet reaches octroi");
        if (!tables->mangle.has(IptablesListing::jump))
            differ("mangle FORWARD does not jump to OCTROI: marks can be forged");
        if (tables->mangle.own_rules() != mangle_rules() ||
            tables->filter.own_rules() != in_chain_order(filter_rules(family, *generation)))
            differ("the rules of octroi's chains are not the configured ones");
        if (const auto rule = tables->filter.way_past({}))
            state.ways_past.push_back(fmt::format(
                "{}: this rule stands above the jump to OCTROI and may take packets past "
                "octroi: {}",
                tool(family), *rule));
        if (const auto rule = tables->mangle.way_past(harmless_in_mangle))
            state.ways_past.push_back(
                fmt::format("{}: this rule of mangle stands above the jump to OCTROI and may let "
                            "forged marks through: {}",
                            tool(family), *rule));
    }
    return state;
}

std::vector<std::string> Firewall::State::drift() const {
    std::vector<std::string> all = differences;
    all.insert(all.end(), ways_past.begin(), ways_past.end());
    return all;
}

bool Firewall::uses_nf_tables() {
    return run_tool({tool(Family::ipv4), "--version"}).value_or("").contains("nf_tables");
}

std::optional<std::uint8_t> Firewall::generation_in(const IptablesListing& filter) const {
    const auto mark = filter.accepted_mark();
    if (!mark)
        return std::nullopt;
    const std::uint8_t generation = settings_.mark.decode(*mark).generation;
    // 0 comes from rules with another mark layout: they say nothing about ours.
    return generation == 0 ? std::uint8_t{1} : generation;
}

std::expected<void, std::string> Firewall::set_generation(std::uint8_t generation) const {
    for (const Family family : families) {
        const auto rules = filter_rules(family, generation);
        constexpr std::size_t chain = std::string_view("-A OCTROI ").size();
        const std::string text = fmt::format("*filter\n-R OCTROI 1 {}\n-R OCTROI 2 {}\nCOMMIT\n",
                                             rules[0].substr(chain), rules[1].substr(chain));
        const auto restored = run_tool({tool(family) + "-restore", "-w", "--noflush"}, text);
        if (!restored)
            return std::unexpected(restored.error());
    }
    return {};
}

}  // namespace octroi
