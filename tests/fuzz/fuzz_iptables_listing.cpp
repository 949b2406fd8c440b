// Property: any text is a listing whose lines are the text's; octroi's own rules are among them,
// chain by chain; a way past octroi is a line of the same chain above its jump, and what refuses
// behind it one below, or the chain's policy.
#include <algorithm>
#include <array>
#include <string>

#include "daemon/firewall/iptables_listing.hpp"
#include "tests/fuzz/property.hpp"

using octroi::IptablesListing;
using octroi::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const IptablesListing listing(text);
    std::string joined;
    for (const std::string& line : listing.lines())
        joined += line + "\n";
    require(joined == text || joined == text + "\n");

    const auto own = listing.own_rules();
    for (const std::string& rule : own)
        require(listing.has(rule) && rule.starts_with("-A OCTROI"));

    const auto& lines = listing.lines();
    constexpr std::array<std::string_view, 1> harmless = {"f2b"};
    for (const std::string& jump : listing.jumps()) {
        const auto way = listing.way_past(jump, harmless);
        const auto jumping = std::ranges::find(lines, jump);
        const std::string chain = jump.substr(0, jump.find(' ', 3) + 1);
        if (way)
            require(std::find(lines.begin(), jumping, *way) < jumping && way->starts_with(chain));
        // What is harmless by name can only make ways fewer.
        if (!listing.way_past(jump, {}))
            require(!way);
        if (const auto refusal = listing.refusal_behind(jump))
            require(refusal->starts_with("-P ") ||
                    (refusal->starts_with(chain) &&
                     std::find(jumping, lines.end(), *refusal) != lines.end()));
    }

    const bool queue = std::ranges::any_of(own, [](const std::string& rule) {
        return rule.find(" -j NFQUEUE ") != std::string::npos;
    });
    require(queue || listing.packets_to_queue() == 0);
    require(!own.empty() || !listing.accepted_mark());
    return 0;
}
