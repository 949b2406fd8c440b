// Property: any text is a listing of nft or of iptables-save; no rule is missed because of what
// stands in the lines above it; without the tables of iptables nft's listing has no more of them.
#include <string>

#include "daemon/firewall/foreign_rules.hpp"
#include "tests/fuzz/property.hpp"

using octroi::ForeignRules;
using octroi::fuzz::require;

namespace {

const octroi::netfilter::Settings settings_of_rules;

ForeignRules in_nft(std::string_view text, bool without_iptables) {
    ForeignRules rules;
    rules.add_nft(text, settings_of_rules, without_iptables);
    return rules;
}

ForeignRules in_iptables(std::string_view text) {
    ForeignRules rules;
    rules.add_iptables("iptables", text, settings_of_rules);
    return rules;
}

bool no_more(const ForeignRules& fewer, const ForeignRules& more) {
    return fewer.untracked.size() <= more.untracked.size() &&
           fewer.marks.size() <= more.marks.size() &&
           fewer.offloading.size() <= more.offloading.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    require(no_more(in_nft(text, true), in_nft(text, false)));
    require(in_iptables(text + "\n*raw\n-A x -j NOTRACK\n").untracked.size() ==
            in_iptables(text).untracked.size() + 1);
    static_cast<void>(octroi::marks_written_by_nft(text));
    static_cast<void>(octroi::marks_written_by_iptables(text));
    return 0;
}
