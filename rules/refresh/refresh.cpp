#include "rules/refresh/refresh.hpp"

#include <algorithm>

#include <absl/container/flat_hash_set.h>

#include "rules/sets/network_set.hpp"
#include "rules/text/text_key.hpp"

namespace octroi {
namespace {

using NetworkList = std::vector<Network> Service::*;

NetworkList list_of(AddressKind kind) {
    switch (kind) {
        case AddressKind::exclusive:
            return &Service::exclusive;
        case AddressKind::exclusive_udp:
            return &Service::exclusive_udp;
        case AddressKind::shared:
            return &Service::shared;
    }
    return &Service::shared;
}

std::vector<Network> listed_networks(std::span<const VendorList> lists) {
    std::vector<Network> all;
    for (const VendorList& list : lists)
        all.insert(all.end(), list.networks.begin(), list.networks.end());
    return outermost(std::move(all));
}

// An exclusive network of the entry need not be repeated as a shared one.
void leave_out_exclusive(const Service& service, std::vector<Network>& networks) {
    std::vector<Network> exclusive = service.exclusive;
    exclusive.insert(exclusive.end(), service.exclusive_udp.begin(), service.exclusive_udp.end());
    const NetworkSet owned(exclusive);
    std::erase_if(networks, [&](const Network& network) { return owned.covers(network); });
}

// The part of `present` whose family (IPv4, IPv6) no list speaks of.
std::vector<Network> unspoken(const std::vector<Network>& present,
                              const std::vector<Network>& listed) {
    const bool v4 = std::ranges::any_of(listed, &Network::is_v4);
    const bool v6 = !std::ranges::all_of(listed, &Network::is_v4);
    std::vector<Network> found;
    std::ranges::copy_if(present, std::back_inserter(found),
                         [&](const Network& network) { return network.is_v4() ? !v4 : !v6; });
    return found;
}

// What the entry should have of `kind`, by the lists.
std::vector<Network> wanted_networks(const Service& service, const std::vector<Network>& present,
                                     std::span<const VendorList> lists, AddressKind kind) {
    auto wanted = listed_networks(lists);
    const auto silent = unspoken(present, wanted);
    if (kind == AddressKind::shared)
        leave_out_exclusive(service, wanted);
    wanted.insert(wanted.end(), silent.begin(), silent.end());
    return outermost(std::move(wanted));
}

void compare_networks(const std::vector<Network>& present, const std::vector<Network>& wanted,
                      Difference& difference) {
    const NetworkSet covered(wanted);
    for (const Network& network : present)
        (covered.covers(network) ? difference.kept : difference.removed).push_back(network);
    const NetworkSet kept(difference.kept);
    std::ranges::copy_if(wanted, std::back_inserter(difference.added),
                         [&](const Network& network) { return !kept.covers(network); });
}

using Names = absl::flat_hash_set<std::string>;

// Whether `name` or a domain above it is in `names`.
bool covers(const Names& names, std::string_view name) {
    for (; !name.empty(); name = parent_domain(name))
        if (names.contains(text_key(name)))
            return true;
    return false;
}

std::vector<Domain> new_names(const Service& service, std::span<const VendorList> lists) {
    Names known;
    for (const auto* names : {&service.domains, &service.shared_domains})
        for (const Domain& name : *names)
            known.insert(name.text());
    Names listed;
    std::vector<Domain> found;
    for (const VendorList& list : lists)
        for (const Domain& name : list.domains)
            if (!covers(known, name.text()) && listed.insert(name.text()).second)
                found.push_back(name);
    std::erase_if(found,
                  [&](const Domain& name) { return covers(listed, parent_domain(name.text())); });
    std::ranges::sort(found);
    return found;
}

}  // namespace

const std::vector<Network>& networks_of(const Service& service, AddressKind kind) {
    return service.*list_of(kind);
}

Difference compare(const Service& service, std::span<const VendorList> lists, AddressKind kind) {
    Difference difference{.kind = kind, .names = new_names(service, lists)};
    difference.of_a_cloud = std::ranges::any_of(lists, &VendorList::of_a_cloud);
    const auto present = outermost(networks_of(service, kind));
    compare_networks(present, wanted_networks(service, present, lists, kind), difference);
    return difference;
}

Service refreshed(Service service, const Difference& difference, std::span<const Source> sources) {
    std::vector<Network> networks = difference.kept;
    networks.insert(networks.end(), difference.added.begin(), difference.added.end());
    service.*list_of(difference.kind) = outermost(std::move(networks));
    auto& names = difference.kind == AddressKind::shared ? service.shared_domains : service.domains;
    names.insert(names.end(), difference.names.begin(), difference.names.end());
    for (const Source& source : sources) {
        std::erase_if(service.sources, [&](const Source& earlier) {
            return earlier.what == source.what && earlier.where == source.where;
        });
        service.sources.push_back(source);
    }
    return service;
}

}  // namespace octroi
