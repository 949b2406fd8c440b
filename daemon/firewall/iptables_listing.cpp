#include "daemon/firewall/iptables_listing.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace octroi {
namespace {

// What ends a packet's way, or changes nothing that octroi goes by.
constexpr std::array<std::string_view, 6> always_harmless = {"",    "DROP",  "REJECT",
                                                             "LOG", "NFLOG", "TRACE"};

// The target is what follows the last -j or -g: a comment that holds one stands before it.
std::string_view target_of(std::string_view rule) {
    const std::size_t place = std::max(rule.rfind(" -j ") + 1, rule.rfind(" -g ") + 1);
    if (place == 0)
        return "";
    rule.remove_prefix(place + 3);
    return rule.substr(0, rule.find(' '));
}

bool only_to_loopback(const std::string& rule) {
    return rule.contains(" -o lo ") && !rule.contains(" ! -o lo ");
}

}  // namespace

IptablesListing::IptablesListing(std::string_view printed) {
    while (!printed.empty()) {
        const std::size_t end = std::min(printed.find('\n'), printed.size());
        lines_.emplace_back(printed.substr(0, end));
        printed.remove_prefix(std::min(end + 1, printed.size()));
    }
}

bool IptablesListing::has(std::string_view line) const {
    return std::ranges::find(lines_, line) != lines_.end();
}

std::vector<std::string> IptablesListing::own_rules() const {
    std::vector<std::string> own;
    for (const std::string& line : lines_)
        if (line.starts_with("-A OCTROI"))
            own.push_back(line);
    std::ranges::stable_sort(
        own, {}, [](const std::string& line) { return line.substr(0, line.find(' ', 3)); });
    return own;
}

std::optional<std::uint32_t> IptablesListing::accepted_mark() const {
    constexpr std::string_view start = "-A OCTROI -m connmark --mark 0x";
    constexpr int hexadecimal = 16;
    for (const std::string& line : lines_) {
        if (!line.starts_with(start) || !line.ends_with(" -j RETURN"))
            continue;
        const std::string_view value = std::string_view(line).substr(start.size());
        std::uint32_t mark = 0;
        std::from_chars(value.data(), value.data() + value.size(), mark, hexadecimal);
        return mark;
    }
    return std::nullopt;
}

std::vector<std::string> IptablesListing::jumps() const {
    std::vector<std::string> found;
    for (const std::string& line : lines_)
        if ((line.starts_with("-A FORWARD ") || line.starts_with("-A OUTPUT ")) &&
            target_of(line) == "OCTROI")
            found.push_back(line);
    return found;
}

std::optional<std::string> IptablesListing::way_past(
    std::string_view jump, std::span<const std::string_view> harmless) const {
    const auto jumping = std::ranges::find(lines_, jump);
    if (jumping == lines_.end())
        return std::nullopt;
    const std::string_view chain = jump.substr(0, jump.find(' ', 3) + 1);
    const auto found = std::find_if(lines_.begin(), jumping, [&](const std::string& line) {
        const std::string_view target = target_of(line);
        return line.starts_with(chain) && !only_to_loopback(line) &&
               std::ranges::find(always_harmless, target) == always_harmless.end() &&
               std::ranges::find(harmless, target) == harmless.end();
    });
    return found == jumping ? std::nullopt : std::optional(*found);
}

std::optional<std::string> IptablesListing::refusal_behind(std::string_view jump) const {
    constexpr std::array<std::string_view, 6> refuses_nothing = {"",    "ACCEPT", "RETURN",
                                                                 "LOG", "NFLOG",  "TRACE"};
    const auto jumping = std::ranges::find(lines_, jump);
    if (jumping == lines_.end())
        return std::nullopt;
    const std::string_view chain = jump.substr(0, jump.find(' ', 3) + 1);
    const auto found = std::find_if(jumping + 1, lines_.end(), [&](const std::string& line) {
        return line.starts_with(chain) &&
               std::ranges::find(refuses_nothing, target_of(line)) == refuses_nothing.end();
    });
    if (found != lines_.end())
        return *found;
    const std::string policy = "-P" + std::string(chain.substr(2)) + "DROP";
    return has(policy) ? std::optional(policy) : std::nullopt;
}

std::uint64_t IptablesListing::packets_to_queue() const {
    constexpr std::string_view counters = " -c ";
    std::uint64_t packets = 0;
    for (const std::string& line : lines_) {
        const std::size_t place = line.find(counters);
        if (!line.starts_with("-A OCTROI") || line.find(" -j NFQUEUE ") == std::string::npos ||
            place == std::string::npos)
            continue;
        std::uint64_t met = 0;
        std::from_chars(line.data() + place + counters.size(), line.data() + line.size(), met);
        packets += met;
    }
    return packets;
}

}  // namespace octroi
