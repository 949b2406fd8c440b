#include "daemon/firewall/nft_listing.hpp"

#include <algorithm>
#include <charconv>

namespace octroi {
namespace {

std::string_view trimmed(std::string_view line) {
    const std::size_t begin = line.find_first_not_of(" \t");
    return begin == std::string_view::npos
               ? ""
               : line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

// What stands behind `word` up to the next of `ends`; empty where it does not occur.
std::string_view behind(std::string_view line, std::string_view word, std::string_view ends) {
    const std::size_t place = line.find(word);
    if (place == std::string_view::npos)
        return "";
    line.remove_prefix(place + word.size());
    return line.substr(0, line.find_first_of(ends));
}

std::uint64_t number_in(std::string_view digits, int base) {
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    return number;
}

NftListing::Rule rule_in(std::string_view line) {
    constexpr int decimal = 10;
    const std::string_view comment = behind(line, " comment \"", "\"");
    return {
        .text = std::string(comment.empty() ? line.substr(0, line.find(" # handle ")) : comment),
        .handle = std::string(behind(line, " # handle ", " ")),
        .packets = number_in(behind(line, "counter packets ", " "), decimal)};
}

}  // namespace

NftListing::NftListing(std::string_view printed) {
    Chain* chain = nullptr;
    while (!printed.empty()) {
        const std::size_t end = std::min(printed.find('\n'), printed.size());
        const std::string_view line = trimmed(printed.substr(0, end));
        printed.remove_prefix(std::min(end + 1, printed.size()));
        if (line.starts_with("chain "))
            chain = &chains_[std::string(behind(line, "chain ", " "))];
        else if (line.starts_with('}'))
            chain = nullptr;
        else if (chain != nullptr && line.starts_with("type "))
            chain->hook = line;
        else if (chain != nullptr && !line.empty())
            chain->rules.push_back(rule_in(line));
    }
}

bool NftListing::same_chains(const NftListing& other) const {
    return std::ranges::equal(chains_, other.chains_, [](const auto& one, const auto& two) {
        return one.first == two.first && one.second.hook == two.second.hook;
    });
}

std::vector<NftListing::Rule> NftListing::rules(const std::string& chain) const {
    const auto found = chains_.find(chain);
    return found == chains_.end() ? std::vector<Rule>() : found->second.rules;
}

std::optional<std::uint32_t> NftListing::accepted_mark() const {
    constexpr int hexadecimal = 16;
    for (const Rule& rule : rules("gate"))
        if (rule.text.starts_with("ct mark & 0x") && rule.text.ends_with(" return"))
            return static_cast<std::uint32_t>(
                number_in(behind(rule.text, "== 0x", " "), hexadecimal));
    return std::nullopt;
}

std::uint64_t NftListing::packets_to_queue() const {
    std::uint64_t packets = 0;
    for (const char* chain : {"gate", "quic", "opening", "invalid"})
        for (const Rule& rule : rules(chain))
            if (rule.text.contains("counter queue "))
                packets += rule.packets;
    return packets;
}

}  // namespace octroi
