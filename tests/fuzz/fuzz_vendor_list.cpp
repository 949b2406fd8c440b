// Property: any octets, read as any list for any service, are a bounded list that comparing twice
// leaves unchanged, or one finding with a text; nothing throws, and an entry made of them reads as
// itself.
#include <array>
#include <string>
#include <vector>

#include "rules/refresh/refresh_guard.hpp"
#include "rules/services/service_writer.hpp"
#include "rules/text/yaml.hpp"
#include "tests/fuzz/property.hpp"

using octroi::AddressKind;
using octroi::ListFormat;
using octroi::Service;
using octroi::VendorList;
using octroi::fuzz::require;

namespace {

void check_entry(const Service& service) {
    const auto document = octroi::yaml::parse("fuzz.yaml", octroi::to_yaml(service));
    require(document.has_value());
    std::vector<octroi::Finding> findings;
    const auto read = octroi::read_service(*document, findings);
    require(read && read->exclusive == service.exclusive && read->domains == service.domains &&
            read->shared == service.shared);
}

void check_list(const VendorList& list, AddressKind kind) {
    require(!list.networks.empty() || !list.domains.empty());
    require(list.networks.size() + list.domains.size() <= octroi::max_list_entries);
    const Service empty{.id = 1, .name = "a", .jurisdiction = "FR"};
    const std::array lists{list};
    const auto difference = compare(empty, lists, kind);
    static_cast<void>(refusals(empty, difference, {}, true));
    const Service after = refreshed(empty, difference, {});
    require(compare(after, lists, kind).empty());
    check_entry(after);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1)
        return 0;
    constexpr std::array services = {"acme", "teams", "slack", "zoom"};
    const octroi::ListRequest request{.service = services[data[0] & 3U],
                                      .kind = static_cast<AddressKind>((data[0] >> 2U) % 3),
                                      .format = static_cast<ListFormat>((data[0] >> 4U) % 6)};
    const std::string text(data + 1, data + size);
    const auto list = octroi::read_vendor_list("fuzz", text, request);
    if (list)
        check_list(*list, request.kind);
    else
        require(!list.error().text.empty() && !octroi::render(list.error()).empty());
    return 0;
}
