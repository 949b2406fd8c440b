#include "rules/lint/header_space.hpp"

#include <algorithm>

namespace octroi {
namespace {

using Integers = IntervalSet<std::uint32_t>;
using Texts = IntervalSet<std::string>;
using Addresses = IntervalSet<Address>;
using Moments = IntervalSet<absl::Duration>;

constexpr std::uint32_t minutes_a_day = 1440;
constexpr std::uint32_t days_a_week = 7;

Integers below(std::size_t limit) {
    return {0, static_cast<std::uint32_t>(limit)};
}

Integers only(std::uint32_t value) {
    return {value, value + 1};
}

template <std::size_t size>
Integers numbers(const std::bitset<size>& set) {
    std::vector<Integers::Interval> spans;
    for (std::size_t i = set._Find_first(); i < size; i = set._Find_next(i))
        spans.emplace_back(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i) + 1);
    return Integers(std::move(spans));
}

Integers numbers(const std::vector<PortRange>& ranges) {
    std::vector<Integers::Interval> spans;
    for (const PortRange range : ranges)
        spans.emplace_back(range.first, std::uint32_t{range.last} + 1);
    return Integers(std::move(spans));
}

Texts texts(const WordSet& words) {
    std::vector<Texts::Interval> spans;
    for (const std::string& word : words)
        spans.push_back(exactly(word));
    return Texts(std::move(spans));
}

Texts texts(const NameSet& names) {
    std::vector<Texts::Interval> spans;
    for (const std::string& domain : names.domains)
        spans.push_back(names_under(domain));
    for (const std::string& exact : names.exact)
        spans.push_back(exactly(name_key(exact)));
    return Texts(std::move(spans));
}

// Leaves of `values` what the condition leaves; `intervals_of` turns its set into spans.
template <typename Key, typename Set, typename IntervalsOf>
void restrict(IntervalSet<Key>& values, const std::optional<Condition<Set>>& condition,
              IntervalsOf intervals_of) {
    if (!condition)
        return;
    const IntervalSet<Key> named = intervals_of(condition->values);
    values = condition->negated ? values - named : values & named;
}

void restrict(Integers& values, const std::optional<bool>& wanted) {
    if (wanted)
        values = values & only(*wanted ? 1 : 0);
}

// A rule that accepts asks for a verified service.
Integers services(const ServiceSet& set, bool verified_only) {
    std::vector<Integers::Interval> spans;
    for (std::size_t id = set._Find_first(); id < set.size(); id = set._Find_next(id)) {
        const auto first = static_cast<std::uint32_t>(id) * 2;
        spans.emplace_back(first + (verified_only ? 1 : 0), first + 2);
    }
    return Integers(std::move(spans));
}

// Minutes of the week. Where a clock is set, every window follows it in the same way.
Integers minutes(const std::vector<HoursWindow>& windows) {
    constexpr std::uint32_t week = days_a_week * minutes_a_day;
    std::vector<Integers::Interval> spans;
    for (const HoursWindow& window : windows)
        for (std::uint32_t day = 0; day < days_a_week; ++day) {
            if ((window.days >> day & 1U) == 0)
                continue;
            const std::uint32_t start = day * minutes_a_day + window.start;
            const std::uint32_t end =
                day * minutes_a_day + window.end + (window.end <= window.start ? minutes_a_day : 0);
            spans.emplace_back(start, std::min(end, week));
            if (end > week)
                spans.emplace_back(0, end - week);
        }
    return Integers(std::move(spans));
}

Moments from(Instant begin, Instant now) {
    return {std::max(begin - now, absl::ZeroDuration()), std::nullopt};
}

Moments before(Instant end, Instant now) {
    return {absl::ZeroDuration(), std::max(end - now, absl::ZeroDuration())};
}

}  // namespace

HeaderSpace::HeaderSpace(const Policy& policy, const Catalogue& catalogue)
    : policy_(policy), catalogue_(catalogue) {
    for (const Zone& zone : policy.zones())
        for (const std::string& interface : zone.interfaces)
            if (std::ranges::find(interfaces_, interface) == interfaces_.end())
                interfaces_.push_back(interface);
    whole_ = whole();
    exclude();
}

// Every value that a flow can have, one property by itself.
HeaderBox HeaderSpace::whole() const {
    HeaderBox box;
    std::vector<Integers::Interval> known = {{0, 2}};  // no service, verified or not
    for (const Service& service : catalogue_.services()) {
        const auto first = std::uint32_t{service.id} * 2;
        known.emplace_back(first + (service.verify_addresses ? 0 : 1), first + 2);
    }
    std::get<Property::service>(box) = Integers(std::move(known));
    std::get<Property::strength>(box) = below(strength_count);
    std::get<Property::transport>(box) = below(transport_names.size());
    std::get<Property::port>(box) = below(65536);
    std::get<Property::ech>(box) = below(2);
    std::get<Property::unclassified>(box) = below(2);
    std::get<Property::interface>(box) = below(interfaces_.size() + 1);
    std::get<Property::week_minute>(box) = below(std::size_t{days_a_week} * minutes_a_day);
    return box;
}

// What excludes each other in every flow, whatever the rules say.
void HeaderSpace::exclude() {
    const Integers some_service = Integers(2, std::nullopt);
    const auto add = [&](std::string_view why, auto shape) {
        HeaderBox box;
        shape(box);
        impossible_.push_back({.box = std::move(box), .why = why});
    };
    add("an unclassified flow has no service", [&](HeaderBox& box) {
        std::get<Property::unclassified>(box) = only(1);
        std::get<Property::service>(box) = some_service;
    });
    add("an unclassified flow has no name", [&](HeaderBox& box) {
        std::get<Property::unclassified>(box) = only(1);
        std::get<Property::name>(box) = Texts() - Texts(std::vector{exactly("")});
    });
    add("a service is never believed with strength `none`", [&](HeaderBox& box) {
        std::get<Property::strength>(box) = only(static_cast<std::uint32_t>(Strength::none));
        std::get<Property::service>(box) = some_service;
    });
    add("only tcp, udp and icmp have ports", [&](HeaderBox& box) {
        std::get<Property::transport>(box) = only(static_cast<std::uint32_t>(Transport::other));
        std::get<Property::port>(box) = Integers(1, std::nullopt);
    });
    const Addresses v4 = addresses({Network::parse("0.0.0.0/0").value()});
    constexpr std::string_view one_family = "client and server are of one family, IPv4 or IPv6";
    add(one_family, [&](HeaderBox& box) {
        std::get<Property::client>(box) = v4;
        std::get<Property::server>(box) = Addresses() - v4;
    });
    add(one_family, [&](HeaderBox& box) {
        std::get<Property::client>(box) = Addresses() - v4;
        std::get<Property::server>(box) = v4;
    });
}

// A client is in a zone by its address or by its interface.
std::vector<HeaderBox> HeaderSpace::in_zones(const HeaderBox& box,
                                             const Condition<ZoneSet>& zones) const {
    std::vector<Network> networks;
    std::vector<Integers::Interval> numbers;
    for (std::size_t i = 0; i < policy_.zones().size(); ++i) {
        if (!zones.values.test(i))
            continue;
        const Zone& zone = policy_.zones()[i];
        networks.insert(networks.end(), zone.networks.begin(), zone.networks.end());
        for (const std::string& interface : zone.interfaces) {
            const auto found = std::ranges::find(interfaces_, interface);
            const auto number = static_cast<std::uint32_t>(found - interfaces_.begin()) + 1;
            numbers.emplace_back(number, number + 1);
        }
    }
    const Addresses by_address = addresses(networks);
    const Integers by_interface = Integers(std::move(numbers));
    HeaderBox first = box;
    auto& clients = std::get<Property::client>(first);
    if (zones.negated) {
        clients = clients - by_address;
        std::get<Property::interface>(first) = std::get<Property::interface>(first) - by_interface;
        return {std::move(first)};
    }
    clients = clients & by_address;
    if (by_interface.empty())
        return {std::move(first)};
    HeaderBox second = box;
    std::get<Property::interface>(second) = std::get<Property::interface>(second) & by_interface;
    return {std::move(first), std::move(second)};
}

std::vector<HeaderBox> HeaderSpace::matched(const Rule& rule) const {
    const When& when = rule.when;
    const auto to_numbers = [](const auto& set) { return numbers(set); };
    const auto to_texts = [](const auto& set) { return texts(set); };
    const auto to_addresses = [](const Networks& set) { return addresses(set.list); };
    HeaderBox box = whole_;
    if (when.services)
        std::get<Property::service>(box) = std::get<Property::service>(box) &
                                           services(*when.services, rule.then == Action::accept);
    restrict(std::get<Property::strength>(box), when.strength, to_numbers);
    restrict(std::get<Property::transport>(box), when.transport, to_numbers);
    restrict(std::get<Property::port>(box), when.port, to_numbers);
    restrict(std::get<Property::ech>(box), when.ech);
    restrict(std::get<Property::unclassified>(box), when.unclassified);
    restrict(std::get<Property::client>(box), when.client, to_addresses);
    // A condition on an IPv4 address holds for its dresses too, as Facts::server_inside says.
    restrict(std::get<Property::server>(box), when.address, [&](const Networks& set) {
        std::vector<Network> all = set.list;
        for (const Network& network : set.list)
            if (network.is_v4())
                std::ranges::move(dresses_of(network, policy_.nat64()), std::back_inserter(all));
        return addresses(all);
    });
    restrict(std::get<Property::protocol>(box), when.protocol, to_texts);
    restrict(std::get<Property::application>(box), when.application, to_texts);
    restrict(std::get<Property::name>(box), when.name, to_texts);
    if (!rule.schedule.hours.empty())
        std::get<Property::week_minute>(box) = minutes(rule.schedule.hours);
    auto& moments = std::get<Property::moment>(box);
    if (rule.schedule.from)
        moments = moments & from(*rule.schedule.from, policy_.moment());
    if (rule.schedule.until)
        moments = moments & before(*rule.schedule.until, policy_.moment());
    return when.zone ? in_zones(box, *when.zone) : std::vector{std::move(box)};
}

std::vector<HeaderBox> HeaderSpace::enforced(const Rule& rule, Share share) const {
    if (rule.rollout.empty())
        return rule.mode == Mode::enforce ? matched(rule) : std::vector<HeaderBox>();
    std::vector<HeaderBox> reached;
    for (const RolloutStage& stage : rule.rollout) {
        if (share == Share::sure && stage.percent != 100)
            continue;
        for (HeaderBox& box : matched(rule)) {
            auto& moments = std::get<Property::moment>(box);
            moments = moments & from(stage.from, policy_.moment());
            if (!stage.zone) {
                reached.push_back(std::move(box));
                continue;
            }
            const Condition<ZoneSet> zone{.values = ZoneSet().set(*stage.zone)};
            std::ranges::move(in_zones(box, zone), std::back_inserter(reached));
        }
    }
    return reached;
}

Facts HeaderSpace::facts_of(const HeaderPoint& point, std::string_view host) const {
    Facts facts{.zones = policy_.zones_of(std::get<Property::client>(point)),
                .client = std::get<Property::client>(point),
                .server = std::get<Property::server>(point),
                .server_inside = policy_.inside(std::get<Property::server>(point)),
                .port = static_cast<std::uint16_t>(std::get<Property::port>(point)),
                .transport = static_cast<Transport>(std::get<Property::transport>(point)),
                .service_known = true,
                .service = static_cast<ServiceId>(std::get<Property::service>(point) / 2),
                .strength = static_cast<Strength>(std::get<Property::strength>(point)),
                .service_verified = std::get<Property::service>(point) % 2 == 1,
                .name_known = true,
                .name = host,
                .ech = std::get<Property::ech>(point) == 1,
                .protocol_known = true,
                .protocol = std::get<Property::protocol>(point),
                .application_known = true,
                .application = std::get<Property::application>(point),
                .classified_known = true,
                .unclassified = std::get<Property::unclassified>(point) == 1};
    if (const std::uint32_t interface = std::get<Property::interface>(point); interface != 0)
        facts.zones |= policy_.zones_of_interface(interfaces_[interface - 1]);
    return facts;
}

}  // namespace octroi
