// Property: each line of any file is a flow that both policies were asked about, one whose client
// the record leaves open, or no event; only flows that fare otherwise differ.
#include <algorithm>
#include <string>

#include "daemon/commands/recorded_flows.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/unit/gate.hpp"

using octroi::Policy;
using octroi::fuzz::require;

namespace {

constexpr std::string_view before =
    "octroi: 1\n"
    "zones: {ministry: {networks: [10.0.0.0/8]}, phones: {interfaces: [wwan0]}}\n"
    "rules:\n"
    "  - {name: no-zoom, when: {service: zoom}, then: reject}\n"
    "  - {name: night, when: {zone: phones}, then: drop, hours: [\"22:00-06:00\"]}\n";

constexpr std::string_view after =
    "octroi: 1\n"
    "zones: {ministry: {networks: [10.0.0.0/8]}, pilot: {networks: [10.9.0.0/16]}}\n"
    "rules:\n"
    "  - {name: names, when: {name: [example.org], zone: pilot}, then: drop}\n"
    "  - {name: no-ssh, when: {protocol: SSH}, then: reject}\n"
    "  - {name: strong, when: {service: zoom, strength: certain}, then: reject}\n"
    "exceptions: {unclassified: drop, ambiguous: drop}\n";

std::size_t lines_of(const std::string& text) {
    std::size_t lines = 0;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        lines += end > from ? 1 : 0;
        from = end + 1;
    }
    return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto catalogue = octroi::test_catalogue();
    static const Policy old_policy = octroi::policy_of(before, *catalogue);
    static const Policy new_policy = octroi::policy_of(after, *catalogue);
    static const octroi::fuzz::MemoryFile file;
    file.write(octroi::Bytes(data, size));
    const auto result = octroi::compare_events(
        file.path(), {.before = old_policy, .after = new_policy, .catalogue = *catalogue},
        std::nullopt);
    require(result.has_value());
    require(result->flows + result->unclear + result->unreadable ==
            lines_of(std::string(data, data + size)));
    require(result->differing.size() <= result->flows);
    for (const auto& flow : result->differing)
        require(!flow.before.same_action(flow.after) && !flow.server.empty());
    return 0;
}
