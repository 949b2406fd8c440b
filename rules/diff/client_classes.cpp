#include "rules/diff/client_classes.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/sets/named_networks.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_tries = std::size_t{1} << 20U;
constexpr std::size_t most_tries_a_range = 2048;
constexpr std::size_t least_tries_a_range = 16;
constexpr std::size_t last_octet_of_v6_network = 7;

using Named = std::vector<std::pair<Network, NamedNetworks::Number>>;

// Zones, and conditions on clients: whoever names a network has a number of its own.
Named networks_of(const std::vector<const Policy*>& policies) {
    Named named;
    NamedNetworks::Number number = 0;
    for (const Policy* policy : policies) {
        for (const Zone& zone : policy->zones()) {
            for (const Network& network : zone.networks)
                named.emplace_back(network, number);
            ++number;
        }
        for (const Rule& rule : policy->rules()) {
            if (!rule.when.client)
                continue;
            for (const Network& network : rule.when.client->values.list)
                named.emplace_back(network, number);
            ++number;
        }
    }
    return named;
}

std::set<std::string> interfaces_of(const std::vector<const Policy*>& policies) {
    std::set<std::string> interfaces = {""};
    for (const Policy* policy : policies)
        for (const Zone& zone : policy->zones())
            interfaces.insert(zone.interfaces.begin(), zone.interfaces.end());
    return interfaces;
}

// The next client that a rollout may treat otherwise: IPv6 clients count by their /64.
std::optional<Address> next_client(Address address) {
    if (address.is_v4())
        return address.next();
    for (std::size_t i = last_octet_of_v6_network + 1; i-- > 0;)
        if (++address.bytes[i] != 0)
            return address;
    return std::nullopt;
}

// Clients to start from in each range: documentation's addresses stand for all that nobody names.
std::vector<Address> origins_of(const NamedNetworks& networks) {
    std::vector<Address> origins;
    for (const char* text : {"192.0.2.1", "2001:db8::1"})
        // NOLINTNEXTLINE(bugprone-unchecked-optional-access)
        origins.push_back(parse_address(text).value());
    std::ranges::move(networks.samples(), std::back_inserter(origins));
    return origins;
}

std::vector<std::string> names_of(const ZoneSet& zones, const Policy& policy) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < policy.zones().size(); ++i)
        if (zones.test(i))
            names.push_back(policy.zones()[i].name);
    return names;
}

// Without the zones that all clients of another zone of the set are in anyway.
ZoneSet narrowest(const ZoneSet& zones, const std::vector<ZoneSet>& occurring) {
    ZoneSet kept = zones;
    for (std::size_t outer = 0; outer < zones.size(); ++outer)
        for (std::size_t inner = 0; inner < zones.size() && kept.test(outer); ++inner) {
            if (inner == outer || !kept.test(inner))
                continue;
            const bool implied = std::ranges::all_of(occurring, [&](const ZoneSet& each) {
                return !each.test(inner) || each.test(outer);
            });
            if (implied)
                kept.reset(outer);
        }
    return kept;
}

std::string zone_text(const std::vector<std::string>& names) {
    return names.empty() ? "no zone" : fmt::format("{}", fmt::join(names, " + "));
}

}  // namespace

ClientClasses::ClientClasses(const Policy& before, const Policy& after) {
    const std::vector<const Policy*> policies = {&before, &after};
    for (const Policy* policy : policies)
        find_rollouts(*policy);
    const NamedNetworks networks(networks_of(policies));
    const std::vector<Address> origins = origins_of(networks);
    const std::size_t tries =
        rollouts_.empty()
            ? 1
            : std::clamp(max_tries / origins.size(), least_tries_a_range, most_tries_a_range);
    using Key = std::tuple<NamedNetworks::Numbers, std::string, std::vector<std::size_t>>;
    std::set<Key> known;
    for (const std::string& interface : interfaces_of(policies)) {
        const ZoneSet more_before = before.zones_of_interface(interface);
        const ZoneSet more_after = after.zones_of_interface(interface);
        for (const Address& origin : origins) {
            const NamedNetworks::Numbers& naming = networks.naming(origin);
            std::optional<Address> client = origin;
            for (std::size_t i = 0; i < tries && client && networks.naming(*client) == naming;
                 ++i, client = next_client(*client)) {
                std::vector<std::size_t> shares = shares_of(*client);
                if (!known.emplace(naming, interface, shares).second)
                    continue;
                classes_.push_back({.client = *client,
                                    .interface = interface,
                                    .zones_before = before.zones_of(*client) | more_before,
                                    .zones_after = after.zones_of(*client) | more_after,
                                    .shares = std::move(shares)});
            }
        }
    }
    name_zones(before, after);
}

void ClientClasses::find_rollouts(const Policy& policy) {
    for (const Rule& rule : policy.rules())
        for (const RolloutStage& stage : rule.rollout) {
            if (stage.percent == 100)
                continue;
            auto place = std::ranges::find(rollouts_, rule.name, &Rollout::rule);
            if (place == rollouts_.end())
                place = rollouts_.insert(place, {.rule = rule.name, .thresholds = {0, 100}});
            std::vector<unsigned>& thresholds = place->thresholds;
            const auto at = std::ranges::lower_bound(thresholds, stage.percent);
            if (*at != stage.percent)
                thresholds.insert(at, stage.percent);
        }
}

std::vector<std::size_t> ClientClasses::shares_of(const Address& client) const {
    std::vector<std::size_t> shares;
    for (const Rollout& rollout : rollouts_) {
        const unsigned bucket = rollout_bucket(rollout.rule, client);
        const auto above = std::ranges::upper_bound(rollout.thresholds, bucket);
        shares.push_back(static_cast<std::size_t>(above - rollout.thresholds.begin()) - 1);
    }
    return shares;
}

void ClientClasses::name_zones(const Policy& before, const Policy& after) {
    std::vector<ZoneSet> occurring_before;
    std::vector<ZoneSet> occurring_after;
    for (const ClientClass& each : classes_) {
        occurring_before.push_back(each.zones_before);
        occurring_after.push_back(each.zones_after);
    }
    // A zone that one policy alone has moves nobody.
    const auto moved = [&](const ClientClass& each) {
        for (std::size_t i = 0; i < before.zones().size(); ++i) {
            const auto same = std::ranges::find(after.zones(), before.zones()[i].name, &Zone::name);
            const auto other = static_cast<std::size_t>(same - after.zones().begin());
            if (same != after.zones().end() &&
                each.zones_before.test(i) != each.zones_after.test(other))
                return true;
        }
        return false;
    };
    for (const ClientClass& each : classes_) {
        std::string text = zone_text(names_of(narrowest(each.zones_after, occurring_after), after));
        if (moved(each))
            text += fmt::format(
                " (was {})",
                zone_text(names_of(narrowest(each.zones_before, occurring_before), before)));
        zones_.push_back(std::move(text));
    }
}

std::string ClientClasses::text(const std::vector<std::size_t>& chosen) const {
    if (chosen.size() == classes_.size())
        return "every client";
    std::vector<std::string> order;
    std::map<std::string, std::vector<std::size_t>> by_zone;
    for (const std::size_t i : chosen) {
        if (!by_zone.contains(zones_[i]))
            order.push_back(zones_[i]);
        by_zone[zones_[i]].push_back(i);
    }
    // Zones of which the same part is meant stand together behind it.
    std::vector<std::pair<std::string, std::vector<std::string>>> parts;
    for (const std::string& zone : order) {
        const std::string part = part_text(zone, by_zone[zone]);
        if (parts.empty() || parts.back().first != part)
            parts.push_back({part, {}});
        parts.back().second.push_back(zone);
    }
    std::vector<std::string> texts;
    for (const auto& [part, zones] : parts)
        texts.push_back(part.empty() ? fmt::format("{}", fmt::join(zones, ", "))
                                     : fmt::format("{} in {}", part, fmt::join(zones, ", ")));
    return fmt::format("{}", fmt::join(texts, ", "));
}

// Which clients of a zone: empty where it is all of them.
std::string ClientClasses::part_text(const std::string& zone,
                                     const std::vector<std::size_t>& chosen) const {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < classes_.size(); ++i)
        if (zones_[i] == zone)
            members.push_back(i);
    if (members == chosen)
        return "";
    const std::string share = share_text(members, chosen);
    return share.empty() ? fmt::format("some, as {},", to_string(classes_[chosen.front()].client))
                         : share;
}

// "0-25 % of RULE", where one rollout tells the chosen classes from the other members.
std::string ClientClasses::share_text(const std::vector<std::size_t>& members,
                                      const std::vector<std::size_t>& chosen) const {
    for (std::size_t r = 0; r < rollouts_.size(); ++r) {
        std::set<std::size_t> parts;
        for (const std::size_t i : chosen)
            parts.insert(classes_[i].shares[r]);
        const auto reached = std::ranges::count_if(
            members, [&](std::size_t i) { return parts.contains(classes_[i].shares[r]); });
        const bool connected = *parts.rbegin() - *parts.begin() + 1 == parts.size();
        if (static_cast<std::size_t>(reached) == chosen.size() && connected)
            return fmt::format("{}-{} % of {}", rollouts_[r].thresholds[*parts.begin()],
                               rollouts_[r].thresholds[*parts.rbegin() + 1], rollouts_[r].rule);
    }
    return "";
}

}  // namespace octroi
