// Property: any text is a listing whose lines are the text's; octroi's own rules are among them,
// chain by chain, and a way past octroi is a line of FORWARD above its jump.
#include <algorithm>
#include <array>
#include <string>

#include "daemon/iptables_listing.hpp"
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
    const auto jump = std::ranges::find(lines, IptablesListing::jump);
    constexpr std::array<std::string_view, 1> harmless = {"f2b"};
    const auto way = listing.way_past(harmless);
    if (way)
        require(std::find(lines.begin(), jump, *way) < jump && way->starts_with("-A FORWARD "));
    // What is harmless by name can only make ways fewer.
    if (!listing.way_past({}))
        require(!way);

    const bool queue = std::ranges::any_of(own, [](const std::string& rule) {
        return rule.find(" -j NFQUEUE ") != std::string::npos;
    });
    require(queue || listing.packets_to_queue() == 0);
    require(!own.empty() || !listing.accepted_mark());
    return 0;
}
