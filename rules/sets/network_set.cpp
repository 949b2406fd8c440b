#include "rules/sets/network_set.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace octroi {
namespace {

// RFC 6890 and its successors; 224.0.0.0/3 is multicast and what is reserved behind it.
constexpr std::array<std::string_view, 9> unrouted_v4 = {
    "0.0.0.0/8",     "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
    "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"};

// Global unicast is 2000::/3 alone (RFC 4291 2.4); Teredo and 6to4 in it embed IPv4 addresses.
constexpr std::string_view global_unicast = "2000::/3";
constexpr std::array<std::string_view, 2> unrouted_v6 = {"2001::/32", "2002::/16"};

template <std::size_t size>
NetworkSet set_of(const std::array<std::string_view, size>& texts) {
    std::vector<Network> networks;
    for (const std::string_view text : texts)
        networks.push_back(Network::parse(text).value());
    return NetworkSet(networks);
}

}  // namespace

std::vector<Network> outermost(std::vector<Network> networks) {
    std::ranges::sort(networks);  // by first address, then the wider one
    std::vector<Network> kept;
    for (const Network& network : networks)
        if (kept.empty() || !kept.back().contains(network.first()))
            kept.push_back(network);
    return kept;
}

NetworkSet::NetworkSet(const std::vector<Network>& networks) {
    for (const Network& network : outermost(networks)) {
        if (!ranges_.empty() && ranges_.back().second.next() == network.first())
            ranges_.back().second = network.last();
        else
            ranges_.emplace_back(network.first(), network.last());
    }
}

const NetworkSet::Range* NetworkSet::at(const Address& address) const {
    const auto found = std::ranges::lower_bound(ranges_, address, {}, &Range::second);
    return found == ranges_.end() ? nullptr : &*found;
}

bool NetworkSet::covers(const Network& network) const {
    const Range* range = at(network.first());
    return range != nullptr && range->first <= network.first() && network.last() <= range->second;
}

bool NetworkSet::overlaps(const Network& network) const {
    const Range* range = at(network.first());
    return range != nullptr && range->first <= network.last();
}

bool is_routed(const Network& network) {
    static const NetworkSet v4 = set_of(unrouted_v4);
    static const NetworkSet v6 = set_of(unrouted_v6);
    static const Network unicast = Network::parse(global_unicast).value();
    if (network.is_v4())
        return !v4.overlaps(network);
    return unicast.contains(network.first()) && unicast.contains(network.last()) &&
           !v6.overlaps(network);
}

}  // namespace octroi
