#include "rules/catalogue.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "rules/text_key.hpp"

namespace octroi {
namespace {

Finding conflict(const Service& service, const Service& other, std::string_view claim) {
    return {.code = Code::conflicting_claim,
            .file = service.file,
            .text = fmt::format("service `{}` claims {}, which belongs to `{}` ({})", service.name,
                                claim, other.name, other.file),
            .hint = "remove it from one of them, or make it shared in both"};
}

// A later entry of the same name takes the place of the earlier one.
std::vector<Service> override_by_name(std::vector<Service> services) {
    std::vector<Service> kept;
    for (Service& service : services) {
        const auto earlier = std::ranges::find(kept, service.name, &Service::name);
        if (earlier != kept.end())
            *earlier = std::move(service);
        else
            kept.push_back(std::move(service));
    }
    std::ranges::stable_sort(kept, {}, &Service::id);
    return kept;
}

PrefixMap<bool> own_addresses(const Service& service) {
    std::vector<PrefixMap<bool>::Entry> entries;
    for (const auto* list : {&service.exclusive, &service.shared})
        for (const Network& network : *list)
            entries.emplace_back(network, true);
    return PrefixMap<bool>(std::move(entries));
}

bool check_ids(const std::vector<Service>& services, std::vector<Finding>& findings) {
    bool unique = true;
    for (std::size_t i = 1; i < services.size(); ++i)
        if (services[i].id == services[i - 1].id) {
            findings.push_back(
                conflict(services[i], services[i - 1], fmt::format("id {}", services[i].id)));
            unique = false;
        }
    return unique;
}

// Equal networks of two services; one inside the other is legal, the longer prefix wins.
bool check_networks(const std::vector<Service>& services, std::vector<Finding>& findings) {
    std::vector<std::pair<Network, const Service*>> claims;
    for (const Service& service : services)
        for (const Network& network : service.exclusive)
            claims.emplace_back(network, &service);
    std::ranges::stable_sort(claims, {}, [](const auto& claim) { return claim.first; });
    bool unique = true;
    for (std::size_t i = 1; i < claims.size(); ++i)
        if (claims[i].first == claims[i - 1].first && claims[i].second != claims[i - 1].second) {
            findings.push_back(
                conflict(*claims[i].second, *claims[i - 1].second, to_string(claims[i].first)));
            unique = false;
        }
    return unique;
}

}  // namespace

bool Catalogue::claim_domains(const Service& service, std::vector<Finding>& findings) {
    bool unique = true;
    const auto index = static_cast<std::size_t>(&service - services_.data());
    for (const Domain& domain : service.domains) {
        const auto [claimed, fresh] = domains_.try_emplace(domain.text(), index);
        if (fresh || claimed->second == index)
            continue;
        findings.push_back(conflict(service, services_[claimed->second], domain.text()));
        unique = false;
    }
    return unique;
}

std::optional<Catalogue> Catalogue::build(std::vector<Service> services,
                                          std::vector<Finding>& findings) {
    Catalogue catalogue;
    catalogue.services_ = override_by_name(std::move(services));
    bool sound = check_ids(catalogue.services_, findings);
    sound = check_networks(catalogue.services_, findings) && sound;
    catalogue.by_id_.resize(max_service_id + 1UL);
    std::vector<PrefixMap<std::size_t>::Entry> exclusive;
    for (std::size_t i = 0; i < catalogue.services_.size(); ++i) {
        const Service& service = catalogue.services_[i];
        catalogue.by_name_[service.name] = i;
        catalogue.by_id_[service.id] = i + 1;
        catalogue.own_addresses_.push_back(own_addresses(service));
        for (const Network& network : service.exclusive)
            exclusive.emplace_back(network, i);
        sound = catalogue.claim_domains(service, findings) && sound;
    }
    catalogue.exclusive_ = PrefixMap<std::size_t>(std::move(exclusive));
    return sound ? std::optional(std::move(catalogue)) : std::nullopt;
}

const Service* Catalogue::find(std::string_view name) const {
    const auto found = by_name_.find(text_key(name));
    return found == by_name_.end() ? nullptr : &services_[found->second];
}

const Service* Catalogue::find(ServiceId id) const {
    return id > max_service_id || by_id_[id] == 0 ? nullptr : &services_[by_id_[id] - 1];
}

const Service* Catalogue::find_domain(std::string_view name) const {
    for (; !name.empty(); name = parent_domain(name))
        if (const auto found = domains_.find(text_key(name)); found != domains_.end())
            return &services_[found->second];
    return nullptr;
}

const Service* Catalogue::find_address(const Address& address) const {
    const std::size_t* index = exclusive_.find(address);
    return index == nullptr ? nullptr : &services_[*index];
}

Identification Catalogue::identify(const Findings& findings, const Address& client,
                                   const Address& server) const {
    for (const Address& address : {server, client})  // the client's last: a service may call in
        if (const Service* owner = find_address(address))
            return {.service = owner,
                    .strength = Strength::certain,
                    .decisive = EvidenceKind::address,
                    .address = address,
                    .settled = true,
                    .verified = true};

    const bool settled = findings.ending != Ending::open;
    const Service* by_name = find_domain(findings.server_name);
    if (by_name == nullptr)
        return {.settled = settled};
    const bool own_address =
        own_addresses_[static_cast<std::size_t>(by_name - services_.data())].find(server) !=
        nullptr;
    return {.service = by_name,
            .strength = own_address ? Strength::certain : Strength::observed,
            .decisive = findings.evidence.back().kind,
            .settled = settled,
            .verified = own_address || !by_name->verify_addresses};
}

std::vector<std::string_view> Catalogue::names() const {
    std::vector<std::string_view> names;
    for (const Service& service : services_)
        names.push_back(service.name);
    return names;
}

}  // namespace octroi
