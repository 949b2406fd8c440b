#include "rules/lint/header_box.hpp"

#include <utility>

namespace octroi {
namespace {

using Properties = std::make_index_sequence<Property::count>;

// Calls `each` with the number of every property as a constant.
template <typename Each>
void for_each_property(Each each) {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
        (each(std::integral_constant<std::size_t, i>()), ...);
    }(Properties());
}

}  // namespace

Property::Index empty_property(const HeaderBox& box) {
    std::size_t empty = Property::count;
    for_each_property([&](auto i) {
        if (empty == Property::count && std::get<i>(box).empty())
            empty = i;
    });
    return static_cast<Property::Index>(empty);
}

bool contains(const HeaderBox& box, const HeaderPoint& point) {
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
        return (std::get<i>(box).contains(std::get<i>(point)) && ...);
    }(Properties());
}

HeaderBox intersection(const HeaderBox& a, const HeaderBox& b) {
    HeaderBox both;
    for_each_property([&](auto i) { std::get<i>(both) = std::get<i>(a) & std::get<i>(b); });
    return both;
}

// Property by property: what is outside `taken` there is a box of its own, the rest goes on.
std::vector<HeaderBox> difference(const HeaderBox& box, const HeaderBox& taken) {
    std::vector<HeaderBox> left;
    HeaderBox rest = box;
    for_each_property([&](auto i) {
        if (std::get<i>(taken).everything())
            return;
        auto outside = std::get<i>(rest) - std::get<i>(taken);
        if (!outside.empty()) {
            left.push_back(rest);
            std::get<i>(left.back()) = std::move(outside);
        }
        std::get<i>(rest) = std::get<i>(rest) & std::get<i>(taken);
    });
    return left;
}

HeaderPoint any_flow(const HeaderBox& box) {
    HeaderPoint point;
    for_each_property([&](auto i) { std::get<i>(point) = std::get<i>(box).least(); });
    // An edge of a set of names need not be a name itself.
    std::get<Property::name>(point) = name_key(name_at(std::get<Property::name>(point)));
    return point;
}

std::size_t size_of(const HeaderBox& box) {
    std::size_t size = 0;
    for_each_property([&](auto i) { size += std::get<i>(box).size(); });
    return size;
}

std::string name_key(std::string_view name) {
    std::string key;
    key.reserve(name.size() + 1);
    while (!name.empty()) {
        const std::size_t dot = name.rfind('.');
        const std::size_t label = dot == std::string_view::npos ? 0 : dot + 1;
        key.append(name.substr(label));
        key.push_back('\0');
        name = name.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
    return key;
}

// Edges are keys, keys with an octet 0 more (what follows one name: a name right below it), and
// keys whose last octet is 1 (what follows a domain: its neighbour). No name has an octet 1, so the
// names made up here lie before every edge that stands behind.
std::string name_at(std::string_view key) {
    std::string name;
    std::string_view rest = key;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\0'), rest.size());
        const std::string_view label = rest.substr(0, end);
        name.insert(0, std::string(label.empty() ? std::string_view("\1", 1) : label) +
                           (name.empty() ? "" : "."));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return name;
}

IntervalSet<Address> addresses(const std::vector<Network>& networks) {
    std::vector<IntervalSet<Address>::Interval> spans;
    spans.reserve(networks.size());
    for (const Network& network : networks)
        spans.emplace_back(network.first(), network.last().next());
    return IntervalSet<Address>(std::move(spans));
}

IntervalSet<std::string>::Interval names_under(std::string_view domain) {
    std::string first = name_key(domain);
    std::string after = first;
    if (!after.empty())
        after.back() = '\1';
    return {std::move(first), std::move(after)};
}

IntervalSet<std::string>::Interval exactly(std::string text) {
    std::string after = text;
    after.push_back('\0');
    return {std::move(text), std::move(after)};
}

}  // namespace octroi
