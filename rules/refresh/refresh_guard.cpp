#include "rules/refresh/refresh_guard.hpp"

#include <algorithm>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include "rules/sets/network_set.hpp"
#include "rules/text/text_key.hpp"

namespace octroi {
namespace {

constexpr std::size_t enough = 100;
constexpr const char* take_out = "take it out of the list";

// Each kind of reason adds its own to `found`.
struct Guard {
    const Service& service;
    const Difference& difference;
    std::vector<Refusal> found;

    void refuse(std::string why, std::string hint) {
        if (found.size() < enough)
            found.push_back({.why = std::move(why), .hint = std::move(hint)});
    }

    void check_share(std::size_t changed, std::size_t present, std::string_view what) {
        constexpr const char* hint =
            "read the difference; where it is right, add --allow-large-change";
        if (present == 0 && changed != 0)
            refuse(fmt::format("the entry has no such {} yet, and would get {}", what, changed),
                   hint);
        else if (changed * 100 > present * max_changed_percent)
            refuse(fmt::format("{} of {} {} change, more than {} %", changed, present, what,
                               max_changed_percent),
                   hint);
    }

    void check_size() {
        const std::size_t present = difference.kept.size() + difference.removed.size();
        check_share(difference.added.size() + difference.removed.size(), present, "networks");
        check_share(difference.names.size(), service.domains.size() + service.shared_domains.size(),
                    "names");
    }

    void check_network(const Network& network) {
        const unsigned widest = network.is_v4() ? widest_v4 : widest_v6;
        if (network.prefix_length() < widest)
            refuse(fmt::format("{} is wider than /{}: no vendor's", to_string(network), widest),
                   take_out);
        else if (!is_routed(network))
            refuse(fmt::format("{} is private, multicast or reserved: no vendor's",
                               to_string(network)),
                   take_out);
    }

    void check_cloud() {
        if (difference.of_a_cloud && !difference.added.empty())
            refuse("the list gives addresses that strangers rent of a cloud",
                   "add --kind shared: such addresses decide nothing alone");
    }

    void check_single_labels() {
        for (const Domain& name : difference.names)
            if (parent_domain(name.text()).empty())
                refuse(fmt::format("`{}` is a whole top-level domain", name.text()), take_out);
    }

    void refuse_overlap(std::string_view mine, std::string_view theirs, const Service& other) {
        refuse(fmt::format("{} overlaps {} of `{}`{}", mine, theirs, other.name,
                           other.must_stay ? ", which must stay" : ""),
               fmt::format("take it out of the list, or correct the entry of `{}`", other.name));
    }
};

// The networks of which none may be another service's.
class NetworkGuard {
  public:
    explicit NetworkGuard(std::vector<Network> networks)
        : networks_(std::move(networks)), set_(networks_) {}

    void check(const Service& other, const std::vector<Network>& theirs, Guard& guard) const {
        for (const Network& network : theirs) {
            if (!set_.overlaps(network))
                continue;
            const auto mine = std::ranges::find_if(networks_, [&](const Network& candidate) {
                return candidate.contains(network.first()) || network.contains(candidate.first());
            });
            guard.refuse_overlap(to_string(*mine), to_string(network), other);
        }
    }

  private:
    std::vector<Network> networks_;
    NetworkSet set_;
};

using Others = std::span<const Service* const>;

// What stands in the catalogue already may lie inside another service's network, or around it; but
// never where something must stay.
void check_networks(Others others, const Difference& difference, Guard& guard) {
    std::vector<Network> all = difference.kept;
    all.insert(all.end(), difference.added.begin(), difference.added.end());
    const NetworkGuard every(std::move(all));
    const NetworkGuard added(difference.added);
    for (const Service* other : others) {
        const NetworkGuard& mine = other->must_stay ? every : added;
        mine.check(*other, other->exclusive, guard);
        mine.check(*other, other->exclusive_udp, guard);
        if (other->must_stay)
            mine.check(*other, other->shared, guard);
    }
}

// The name or the nearest domain above it that is in `names`, or none.
template <typename Names>
auto find_above(const Names& names, std::string_view name) {
    auto found = names.find(text_key(name));
    for (; found == names.end() && !name.empty(); name = parent_domain(name))
        found = names.find(text_key(name));
    return found;
}

// A name above another service's is as wrong as one beneath it.
void check_names(Others others, const Difference& difference, Guard& guard) {
    absl::flat_hash_set<std::string> mine;
    for (const Domain& name : difference.names)
        mine.insert(name.text());
    absl::flat_hash_map<std::string, const Service*> owners;
    for (const Service* other : others)
        for (const auto* names : {&other->domains, &other->shared_domains}) {
            if (names == &other->shared_domains && !other->must_stay)
                continue;
            for (const Domain& theirs : *names) {
                owners.emplace(theirs.text(), other);
                if (const auto above = find_above(mine, theirs.text()); above != mine.end())
                    guard.refuse_overlap(*above, theirs.text(), *other);
            }
        }
    for (const Domain& name : difference.names)
        if (const auto above = find_above(owners, parent_domain(name.text()));
            above != owners.end())
            guard.refuse_overlap(name.text(), above->first, *above->second);
}

}  // namespace

std::vector<Refusal> refusals(const Service& service, const Difference& difference, Others others,
                              bool allow_large_change) {
    Guard guard{.service = service, .difference = difference};
    if (!allow_large_change)
        guard.check_size();
    for (const Network& network : difference.added)
        guard.check_network(network);
    if (difference.kind == AddressKind::shared)
        return std::move(guard.found);
    guard.check_cloud();
    guard.check_single_labels();
    std::vector<const Service*> strangers;
    std::ranges::copy_if(others, std::back_inserter(strangers),
                         [&](const Service* other) { return other->name != service.name; });
    check_networks(strangers, difference, guard);
    check_names(strangers, difference, guard);
    return std::move(guard.found);
}

}  // namespace octroi
