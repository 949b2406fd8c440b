#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "classifiers/net/address.hpp"

namespace octroi {

/// Maps addresses to the value of the longest prefix that contains them.
///
/// Nested prefixes are flattened into disjoint ranges when the map is built, so a lookup is one
/// binary search over addresses: its cost grows with the logarithm of the number of prefixes.
/// Immutable.
template <typename T>
class PrefixMap {
  public:
    using Entry = std::pair<Network, T>;

    PrefixMap() = default;

    /// `nest(outer, inner)` gives the value where a prefix lies inside another one, or where two
    /// are equal; by default the inner (later) one.
    template <typename Nest>
    PrefixMap(std::vector<Entry> entries, Nest nest) {
        std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
            return std::pair(a.first.first(), a.first.length()) <
                   std::pair(b.first.first(), b.first.length());
        });
        Builder builder{.map = *this};
        for (const auto& [network, value] : entries)
            builder.open(network, value, nest);
        builder.close_all();
    }

    explicit PrefixMap(std::vector<Entry> entries)
        : PrefixMap(std::move(entries), [](const T&, const T& inner) { return inner; }) {}

    /// The value for `address`, or null. Lives as long as the map.
    [[nodiscard]] const T* find(const Address& address) const {
        const auto after = std::ranges::upper_bound(starts_, address);
        if (after == starts_.begin())
            return nullptr;
        const auto& value = values_[static_cast<std::size_t>(after - starts_.begin()) - 1];
        return value ? &*value : nullptr;
    }

    [[nodiscard]] bool empty() const { return starts_.empty(); }

  private:
    struct Builder {
        PrefixMap& map;
        std::vector<Entry> open_prefixes{};  // from the widest to the one we are in

        template <typename Nest>
        void open(const Network& network, const T& value, Nest nest) {
            while (!open_prefixes.empty() && !open_prefixes.back().first.contains(network.first()))
                close();
            const T nested =
                open_prefixes.empty() ? value : nest(open_prefixes.back().second, value);
            open_prefixes.emplace_back(network, nested);
            map.begin_range(network.first(), nested);
        }

        void close() {
            const auto after = open_prefixes.back().first.last().next();
            open_prefixes.pop_back();
            if (!after)
                return;
            if (open_prefixes.empty())
                map.begin_range(*after, std::nullopt);
            else
                map.begin_range(*after, open_prefixes.back().second);
        }

        void close_all() {
            while (!open_prefixes.empty())
                close();
        }
    };

    void begin_range(const Address& start, std::optional<T> value) {
        if (!starts_.empty() && starts_.back() == start) {
            values_.back() = std::move(value);
            return;
        }
        starts_.push_back(start);
        values_.push_back(std::move(value));
    }

    std::vector<Address> starts_;
    std::vector<std::optional<T>> values_;
};

}  // namespace octroi
