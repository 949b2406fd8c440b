#include "rules/sets/named_networks.hpp"

#include <algorithm>
#include <iterator>

namespace octroi {

NamedNetworks::NamedNetworks(const std::vector<std::pair<Network, Number>>& networks) {
    std::vector<PrefixMap<Numbers>::Entry> entries;
    for (const auto& [network, number] : networks) {
        entries.emplace_back(network, Numbers{number});
        starts_.push_back(network.first());
        if (const auto behind = network.last().next())
            starts_.push_back(*behind);
    }
    std::ranges::sort(starts_);
    starts_.erase(std::ranges::unique(starts_).begin(), starts_.end());
    map_ = PrefixMap<Numbers>(std::move(entries), [](const Numbers& outer, const Numbers& inner) {
        Numbers both;
        std::ranges::set_union(outer, inner, std::back_inserter(both));
        return both;
    });
}

const NamedNetworks::Numbers& NamedNetworks::naming(const Address& address) const {
    const Numbers* found = map_.find(address);
    return found == nullptr ? nobody_ : *found;
}

std::vector<Address> NamedNetworks::samples() const {
    std::vector<Address> samples;
    for (const Address& start : starts_) {
        const Address host = start.next().value_or(start);
        samples.push_back(naming(host) == naming(start) ? host : start);
    }
    return samples;
}

}  // namespace octroi
