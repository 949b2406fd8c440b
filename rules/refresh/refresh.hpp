#pragma once

#include <span>
#include <string>
#include <vector>

#include "rules/refresh/vendor_list.hpp"
#include "rules/services/service.hpp"

namespace octroi {

/// The entry's networks of `kind`.
[[nodiscard]] const std::vector<Network>& networks_of(const Service& service, AddressKind kind);

/// What of a catalogue entry differs from what lists name. Networks inside others are left out,
/// and neighbours count as one: halves that are listed for a whole are no difference.
struct Difference {
    AddressKind kind{};
    std::vector<Network> kept;     ///< of the entry, wholly covered by the lists
    std::vector<Network> added;    ///< of the lists, not covered by what is kept
    std::vector<Network> removed;  ///< of the entry, not wholly covered by the lists
    std::vector<Domain> names;  ///< of the lists, covered by no name of the entry; none is removed
    bool of_a_cloud = false;    ///< a list gives addresses that strangers rent

    [[nodiscard]] bool empty() const { return added.empty() && removed.empty() && names.empty(); }
};

/// Compares the entry's networks of `kind`, and its names, with those of `lists`. What the lists do
/// not speak of at all (IPv4, IPv6) is kept as it is.
[[nodiscard]] Difference compare(const Service& service, std::span<const VendorList> lists,
                                 AddressKind kind);

/// The entry with the difference applied. A source takes the place of an earlier one that says the
/// same of the same place.
[[nodiscard]] Service refreshed(Service service, const Difference& difference,
                                std::span<const Source> sources);

}  // namespace octroi
