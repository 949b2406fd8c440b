#include "daemon/firewall.hpp"

#include <algorithm>
#include <array>
#include <charconv>
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
constexpr std::string_view jump = "-A FORWARD -j OCTROI";
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

// The rules of one table as `iptables -S` prints them, a line each.
std::expected<std::vector<std::string>, std::string> listed(Firewall::Family family,
                                                            const std::string& table) {
    const auto output = run_tool({tool(family), "-w", "-t", table, "-S"});
    if (!output)
        return std::unexpected(output.error());
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < output->size();) {
        const std::size_t end = std::min(output->find('\n', begin), output->size());
        lines.push_back(output->substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

bool contains(const std::vector<std::string>& lines, std::string_view line) {
    return std::ranges::find(lines, line) != lines.end();
}

// Our own chains' rules among all of a table.
std::vector<std::string> own_rules(const std::vector<std::string>& lines) {
    std::vector<std::string> own;
    for (const std::string& line : lines)
        if (line.starts_with("-A OCTROI"))
            own.push_back(line);
    return own;
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
    std::ranges::stable_sort(
        lines, {}, [](const std::string& line) { return line.substr(0, line.find(' ', 3)); });
    return lines;
}

template <typename Chains>
std::string table_text(std::string_view table, const Chains& chains,
                       const std::vector<std::string>& rules, bool with_jump) {
    std::string text = fmt::format("*{}\n", table);
    for (const std::string_view chain : chains)
        text += fmt::format(":{} - [0:0]\n", chain);
    for (const std::string& rule : rules)
        text += rule + "\n";
    if (with_jump)
        text += "-I FORWARD 1 -j OCTROI\n";
    return text + "COMMIT\n";
}

template <typename Chains>
std::string removal_text(std::string_view table, const Chains& chains,
                         const std::vector<std::string>& lines) {
    std::string text = fmt::format("*{}\n", table);
    for (const std::string& line : lines)
        if (line == jump)
            text += "-D FORWARD -j OCTROI\n";
    const auto present = [&](std::string_view chain) {
        return contains(lines, fmt::format("-N {}", chain));
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
    const auto filter = listed(family, "filter");
    const auto mangle = listed(family, "mangle");
    if (!filter || !mangle)
        return std::unexpected(filter ? mangle.error() : filter.error());
    const std::string text = removal_text("mangle", mangle_chains, *mangle) +
                             removal_text("filter", filter_chains, *filter);
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
    return table_text("mangle", mangle_chains, mangle_rules(), true) +
           table_text("filter", filter_chains, filter_rules(family, generation), true);
}

std::expected<bool, std::string> Firewall::install_family(Family family) const {
    const auto filter = listed(family, "filter");
    const auto mangle = listed(family, "mangle");
    if (!filter || !mangle)
        return std::unexpected(filter ? mangle.error() : filter.error());
    const auto current = generation_of(family);
    const std::uint8_t generation = current.value_or(std::nullopt).value_or(1);
    const bool filter_jump = contains(*filter, jump);
    const bool mangle_jump = contains(*mangle, jump);
    if (filter_jump && mangle_jump && own_rules(*mangle) == mangle_rules() &&
        sorted(own_rules(*filter)) == sorted(filter_rules(family, generation)))
        return false;
    const std::string text =
        table_text("mangle", mangle_chains, mangle_rules(), !mangle_jump) +
        table_text("filter", filter_chains, filter_rules(family, generation), !filter_jump);
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

std::expected<std::vector<std::string>, std::string> Firewall::drift() const {
    std::vector<std::string> differences;
    for (const Family family : families) {
        const auto filter = listed(family, "filter");
        const auto mangle = listed(family, "mangle");
        if (!filter || !mangle)
            return std::unexpected(filter ? mangle.error() : filter.error());
        const auto current = generation_of(family).value_or(std::nullopt);
        if (!current) {
            differences.push_back(fmt::format("{}: the chain OCTROI is absent", tool(family)));
            continue;
        }
        if (!contains(*filter, jump))
            differences.push_back(fmt::format(
                "{}: FORWARD does not jump to OCTROI: no packet reaches octroi", tool(family)));
        if (!contains(*mangle, jump))
            differences.push_back(fmt::format(
                "{}: mangle FORWARD does not jump to OCTROI: marks can be forged", tool(family)));
        if (own_rules(*mangle) != mangle_rules() ||
            sorted(own_rules(*filter)) != sorted(filter_rules(family, *current)))
            differences.push_back(fmt::format(
                "{}: the rules of octroi's chains are not the configured ones", tool(family)));
    }
    return differences;
}

std::expected<std::optional<std::uint8_t>, std::string> Firewall::generation_of(
    Family family) const {
    const auto filter = listed(family, "filter");
    if (!filter)
        return std::unexpected(filter.error());
    constexpr std::string_view start = "-A OCTROI -m connmark --mark ";
    for (const std::string& line : *filter) {
        if (!line.starts_with(start) || !line.ends_with(" -j RETURN"))
            continue;
        constexpr int hexadecimal = 16;
        const std::string_view value =
            std::string_view(line).substr(start.size() + 2);  // behind 0x
        std::uint32_t mark = 0;
        std::from_chars(value.data(), value.data() + value.size(), mark, hexadecimal);
        const std::uint8_t generation = settings_.mark.decode(mark).generation;
        // 0 comes from rules with another mark layout: they say nothing about ours.
        return generation == 0 ? std::uint8_t{1} : generation;
    }
    return std::nullopt;
}

std::expected<std::optional<std::uint8_t>, std::string> Firewall::generation() const {
    const auto v4 = generation_of(Family::ipv4);
    if (!v4 || !*v4)
        return v4;
    const auto v6 = generation_of(Family::ipv6);
    return v6 && *v6 ? v4 : v6;
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
