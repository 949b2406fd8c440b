// Property: any octets are no name or one that is bounded, in lower case and reads as itself; its
// parents are names and grow strictly shorter.
#include <algorithm>
#include <string_view>

#include "classifiers/net/domain.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Domain;
using octroi::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto domain = Domain::parse(octroi::Bytes(data, size));
    if (!domain)
        return 0;
    const std::string& text = domain->text();
    require(!text.empty() && text.size() <= Domain::max_length && text.size() <= size);
    require(std::ranges::none_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c <= ' '; }));
    require(Domain::parse(text) == domain);
    require(Domain::parse(text + ".") == domain);
    for (std::string_view name = text; !name.empty();) {
        const std::string_view parent = octroi::parent_domain(name);
        require(parent.size() < name.size());
        require(parent.empty() || Domain::parse(parent)->text() == parent);
        name = parent;
    }
    return 0;
}
