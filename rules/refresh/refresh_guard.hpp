#pragma once

#include <span>
#include <string>
#include <vector>

#include "rules/refresh/refresh.hpp"

namespace octroi {

/// Why a difference must not go into the catalogue, and what to do.
struct Refusal {
    std::string why;
    std::string hint;
};

/// A change of more than this share of an entry is refused.
inline constexpr std::size_t max_changed_percent = 30;

/// A vendor's network is no wider than this: prefix lengths of IPv4 and IPv6.
inline constexpr unsigned widest_v4 = 8;
inline constexpr unsigned widest_v6 = 20;

/// Every reason to refuse `difference`, at most 100:
/// - more than `max_changed_percent` of the entry's networks of that kind would be added or
/// removed,
///   or more names be added (waived by `allow_large_change`);
/// - a network that is too wide, or not routed on the Internet;
/// - for an exclusive kind, addresses of a cloud's customers, and a network or name that overlaps
///   one of a service that must stay, or an exclusive one of any other.
/// `others` are the services to be left alone; one named as `service` is passed over.
[[nodiscard]] std::vector<Refusal> refusals(const Service& service, const Difference& difference,
                                            std::span<const Service* const> others,
                                            bool allow_large_change);

}  // namespace octroi
