#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <absl/time/time.h>

#include "classifiers/net/address.hpp"
#include "rules/sets/interval_set.hpp"

namespace octroi {

/// What rules tell flows apart by. Each is an ordered value, so that a set of values is
/// IntervalSet.
struct Property {
    enum Index : std::uint8_t {
        service,    ///< twice the service's id, one more where it is verified
        strength,   ///< as Strength counts
        transport,  ///< as Transport counts
        port,
        ech,           ///< 0 or 1
        unclassified,  ///< 0 or 1
        interface,     ///< 0: one that no zone names; else as HeaderSpace counts
        week_minute,   ///< of the moment, after Monday 00:00 on the policy's clock
        client,
        server,
        moment,  ///< after the moment that the policy stands for
        protocol,
        application,
        name,  ///< as name_key() gives it
        count
    };
};

/// One flow at one moment.
using HeaderPoint = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
                               std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, Address,
                               Address, absl::Duration, std::string, std::string, std::string>;
static_assert(std::tuple_size_v<HeaderPoint> == Property::count);

template <typename Point>
struct BoxOf;

template <typename... Key>
struct BoxOf<std::tuple<Key...>> {
    using Type = std::tuple<IntervalSet<Key>...>;
};

/// The flows each of whose properties is in a set of its own.
using HeaderBox = BoxOf<HeaderPoint>::Type;

/// The property that no flow of the box can have; `count` where the box is not empty.
[[nodiscard]] Property::Index empty_property(const HeaderBox& box);

[[nodiscard]] bool contains(const HeaderBox& box, const HeaderPoint& point);

[[nodiscard]] HeaderBox intersection(const HeaderBox& a, const HeaderBox& b);

/// `box` without `taken`, as boxes that do not overlap.
[[nodiscard]] std::vector<HeaderBox> difference(const HeaderBox& box, const HeaderBox& taken);

/// A flow of a box that is not empty.
[[nodiscard]] HeaderPoint any_flow(const HeaderBox& box);

/// What an operation on the box costs.
[[nodiscard]] std::size_t size_of(const HeaderBox& box);

/// Labels from the last to the first, each with an octet 0 behind it: a domain and what is below it
/// stand together. The empty name is the empty key.
[[nodiscard]] std::string name_key(std::string_view name);

/// A name whose key is at `key`, or between it and the next edge of any set of names.
[[nodiscard]] std::string name_at(std::string_view key);

[[nodiscard]] IntervalSet<Address> addresses(const std::vector<Network>& networks);

/// The names that are `domain` or below it, and one text alone.
[[nodiscard]] IntervalSet<std::string>::Interval names_under(std::string_view domain);
[[nodiscard]] IntervalSet<std::string>::Interval exactly(std::string text);

}  // namespace octroi
