#include "daemon/firewall/foreign_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "daemon/firewall/rules_program.hpp"

namespace octroi {
namespace {

constexpr std::uint32_t all_bits = 0xffffffff;
constexpr std::array<std::string_view, 5> tables_of_iptables = {"filter", "mangle", "nat", "raw",
                                                                "security"};

std::optional<std::string_view> text_behind(std::string_view rule, std::string_view word) {
    const std::size_t place = rule.find(word);
    if (place == std::string_view::npos)
        return std::nullopt;
    return rule.substr(place + word.size());
}

// "0x1f ..." -> 31. Nothing where there is no such number.
std::optional<std::uint32_t> leading_number(std::string_view text) {
    constexpr int hexadecimal = 16;
    std::uint32_t number = 0;
    if (!text.starts_with("0x"))
        return std::nullopt;
    text.remove_prefix(2);
    if (std::from_chars(text.data(), text.data() + text.size(), number, hexadecimal).ec !=
        std::errc{})
        return std::nullopt;
    return number;
}

struct ValueAndMask {
    std::uint32_t value = 0;
    std::uint32_t mask = all_bits;
};

// What follows an option of iptables: "0x1/0xff", or the value alone.
ValueAndMask value_and_mask(std::string_view text) {
    ValueAndMask result{.value = leading_number(text).value_or(0)};
    const std::string_view word = text.substr(0, text.find(' '));
    if (const std::size_t slash = word.find('/'); slash != std::string_view::npos)
        result.mask = leading_number(word.substr(slash + 1)).value_or(all_bits);
    return result;
}

std::uint32_t mask_option(std::string_view rule, std::string_view option) {
    const auto text = text_behind(rule, option);
    return text ? leading_number(*text).value_or(all_bits) : all_bits;
}

// What an expression of nft makes of a mark: bits that it keeps of its operand, bits that it sets.
struct Bits {
    std::uint32_t kept = all_bits;
    std::uint32_t set = 0;
};

// "& 0xff | 0x1 accept" behind an operand.
Bits bits_after(std::string_view text) {
    Bits bits;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(" )"), text.size()));
        const auto number = text.size() > 2 ? leading_number(text.substr(2)) : std::nullopt;
        if (!number || std::string_view("&|^").find(text[0]) == std::string_view::npos)
            return bits;
        if (text[0] == '&')
            bits = {.kept = bits.kept & *number, .set = bits.set & *number};
        else
            bits = {.kept = bits.kept & ~*number, .set = bits.set | *number};
        text = text_behind(text.substr(2), " ").value_or("");
    }
}

std::uint32_t packet_bits(std::string_view value) {
    if (const auto number = leading_number(value))
        return *number;
    if (const auto from_connection = text_behind(value, "ct mark")) {
        const Bits bits = bits_after(*from_connection);
        return bits.kept | bits.set;
    }
    const auto own = text_behind(value, "mark");
    return own ? bits_after(*own).set : 0;
}

std::uint32_t connection_bits(std::string_view value) {
    value.remove_prefix(std::min(value.find_first_not_of('('), value.size()));
    if (!value.starts_with("ct mark"))
        return all_bits;
    // It starts with these words. NOLINTNEXTLINE(bugprone-unchecked-optional-access)
    const Bits bits = bits_after(*text_behind(value, "ct mark"));
    return ~bits.kept | bits.set;
}

template <typename Take>
void for_each_line(std::string_view text, const Take& take) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin != std::string_view::npos)
            take(line.substr(begin));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

bool has_output(const netfilter::Settings& settings) {
    return std::ranges::find(settings.hooks, netfilter::Hook::output) != settings.hooks.end();
}

std::string untracked_sentence(std::string_view place, std::string_view rule) {
    return fmt::format(
        "{}: this rule exempts packets from connection tracking: no decision is kept for them and "
        "their fragments arrive one by one: {}",
        place, rule);
}

std::string mark_sentence(std::string_view place, std::string_view rule, std::uint32_t mask) {
    return fmt::format("{}: this rule writes bits of the mark that are octroi's ({:#x}): {}", place,
                       mask, rule);
}

void note_unread(ForeignRules& found, const RulesError& error) {
    if (!tells_of_no_rules(error))
        found.unread.push_back(fmt::format("rules of others can't be read: {}", error.text));
}

// Without the elements of sets (-t), of which there may be many.
void add_ruleset(ForeignRules& found, const netfilter::Settings& settings, bool without_iptables) {
    const auto listed = ask_rules_program({"nft", "-n", "-s", "-t", "list", "ruleset"});
    if (listed)
        found.add_nft(*listed, settings, without_iptables);
    else
        note_unread(found, listed.error());
}

bool is_of_iptables(std::string_view table) {
    if (!table.starts_with("ip ") && !table.starts_with("ip6 "))
        return false;
    const std::string_view name = table.substr(table.find(' ') + 1);
    return std::ranges::find(tables_of_iptables, name) != tables_of_iptables.end();
}

}  // namespace

std::uint32_t marks_written_by_iptables(std::string_view rule) {
    const auto set = text_behind(rule, "--set-xmark ");
    if (text_behind(rule, " -j MARK "))
        return set ? value_and_mask(*set).value : 0;
    if (const auto proxy = text_behind(rule, "--tproxy-mark "))
        return value_and_mask(*proxy).value;
    if (!text_behind(rule, " -j CONNMARK "))
        return 0;
    if (set)
        return value_and_mask(*set).value | value_and_mask(*set).mask;
    return mask_option(rule, "--nfmask ") | mask_option(rule, "--ctmask ");
}

std::uint32_t marks_written_by_nft(std::string_view rule) {
    std::uint32_t bits = 0;
    if (const auto value = text_behind(rule, "meta mark set "))
        bits |= packet_bits(*value);
    if (const auto value = text_behind(rule, "ct mark set "))
        bits |= connection_bits(*value);
    return bits;
}

void ForeignRules::add_iptables(std::string_view program, std::string_view saved,
                                const netfilter::Settings& settings) {
    std::string place;
    for_each_line(saved, [&](std::string_view line) {
        if (line.starts_with('*'))
            place = fmt::format("{}, table {}", program, line.substr(1));
        if (!line.starts_with("-A ") || line.starts_with("-A OCTROI"))
            return;
        const bool notrack = line.ends_with(" -j NOTRACK") || line.contains(" -j CT --notrack");
        if (notrack && (has_output(settings) || !line.starts_with("-A OUTPUT ")))
            untracked.push_back(untracked_sentence(place, line));
        if ((marks_written_by_iptables(line) & settings.mark.mask()) != 0)
            marks.push_back(mark_sentence(place, line, settings.mark.mask()));
    });
}

void ForeignRules::add_nft(std::string_view listed, const netfilter::Settings& settings,
                           bool without_iptables) {
    std::string table;
    std::string chain;
    bool at_output = false;
    for_each_line(listed, [&](std::string_view line) {
        if (line.starts_with("table "))
            table = line.substr(6, line.find(" {") - 6);
        if (line.starts_with("chain "))
            chain = line.substr(6, line.find(" {") - 6);
        if (line.starts_with("chain ") || line.starts_with("type "))
            at_output = line.contains(" hook output ");
        if (table == "inet octroi" || (without_iptables && is_of_iptables(table)))
            return;
        const std::string place = fmt::format("nft, table {}, chain {}", table, chain);
        const bool notrack = line == "notrack" || line.ends_with(" notrack");
        if (notrack && (has_output(settings) || !at_output))
            untracked.push_back(untracked_sentence(place, line));
        if ((marks_written_by_nft(line) & settings.mark.mask()) != 0)
            marks.push_back(mark_sentence(place, line, settings.mark.mask()));
        if (line.contains("flow add @"))
            offloading.push_back(
                fmt::format("{}: this rule takes connections past octroi: {}", place, line));
    });
}

ForeignRules foreign_rules(const netfilter::Settings& settings) {
    ForeignRules found;
    bool has_iptables = false;
    for (const std::string family : {"iptables", "ip6tables"}) {
        const auto saved = ask_rules_program({family + "-save"});
        has_iptables = has_iptables || saved;
        if (saved)
            found.add_iptables(family, *saved, settings);
        else
            note_unread(found, saved.error());
    }
    add_ruleset(found, settings, has_iptables);
    return found;
}

ForeignRules foreign_rules_of_nft(const netfilter::Settings& settings) {
    ForeignRules found;
    add_ruleset(found, settings, false);
    return found;
}

}  // namespace octroi
