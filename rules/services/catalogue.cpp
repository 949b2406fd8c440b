#include "rules/services/catalogue.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/text/text_key.hpp"

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

// The port on which QUIC's servers are, and nobody's media.
constexpr std::uint16_t quic_port = 443;

// The value around an address, else around the IPv4 address inside it.
template <typename T>
const T* find_in(const PrefixMap<T>& map, const Address& address,
                 std::span<const Nat64Prefix> nat64) {
    if (const T* found = map.find(address))
        return found;
    const auto inside = embedded_address(address, nat64);
    return inside ? map.find(inside->address) : nullptr;
}

// The host that the flow is for. What an ambiguous stream asks a proxy for isn't known.
const Address& destination_of(const Findings& findings, const FlowEnds& ends) {
    const bool read = findings.ending != Ending::ambiguous && findings.ending != Ending::no_memory;
    return read && findings.proxied_address ? *findings.proxied_address : ends.server.address;
}

PrefixMap<bool> own_addresses(const Service& service) {
    std::vector<PrefixMap<bool>::Entry> entries;
    for (const auto* list : {&service.exclusive, &service.exclusive_udp, &service.shared})
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
        for (const auto* list : {&service.exclusive, &service.exclusive_udp})
            for (const Network& network : *list)
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
    std::vector<PrefixMap<Owner>::Entry> exclusive;
    for (std::size_t i = 0; i < catalogue.services_.size(); ++i) {
        const Service& service = catalogue.services_[i];
        catalogue.by_name_[service.name] = i;
        catalogue.by_id_[service.id] = i + 1;
        catalogue.own_addresses_.push_back(own_addresses(service));
        for (const Network& network : service.exclusive)
            exclusive.emplace_back(network, Owner{.service = i, .udp_only = false});
        for (const Network& network : service.exclusive_udp)
            exclusive.emplace_back(network, Owner{.service = i, .udp_only = true});
        for (const std::string& application : service.ndpi)
            catalogue.ndpi_.emplace(application, i);
        sound = catalogue.claim_domains(service, findings) && sound;
    }
    catalogue.exclusive_ = PrefixMap<Owner>(std::move(exclusive));
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

const Service* Catalogue::find_address(const Address& address,
                                       std::span<const Nat64Prefix> nat64) const {
    const Owner* owner = find_in(exclusive_, address, nat64);
    return owner == nullptr ? nullptr : &services_[owner->service];
}

bool Catalogue::owns_address(const Service& service, const Address& address,
                             std::span<const Nat64Prefix> nat64) const {
    const auto index = static_cast<std::size_t>(&service - services_.data());
    return find_in(own_addresses_[index], address, nat64) != nullptr;
}

// A certificate that names several services proves none of them.
const Service* Catalogue::certified(const std::vector<std::string>& names) const {
    const Service* found = nullptr;
    for (const std::string& name : names) {
        const Service* service = find_domain(name);
        if (service != nullptr && found != nullptr && service != found)
            return nullptr;
        found = service != nullptr ? service : found;
    }
    return found;
}

// Whose an address is, if anyone's.
struct Catalogue::Claim {
    const Owner* owner = nullptr;
    Address address;

    [[nodiscard]] bool holds(bool over_udp) const {
        return owner != nullptr && (over_udp || !owner->udp_only);
    }
};

Catalogue::Claim Catalogue::claim_on(const Address& address,
                                     std::span<const Nat64Prefix> nat64) const {
    if (const Owner* owner = exclusive_.find(address))
        return {.owner = owner, .address = address};
    const auto inside = embedded_address(address, nat64);
    if (!inside)
        return {};
    return {.owner = exclusive_.find(inside->address), .address = inside->address};
}

Identification Catalogue::decided_by(const Claim& claim) const {
    return {.service = &services_[claim.owner->service],
            .strength = Strength::certain,
            .decisive = EvidenceKind::address,
            .address = claim.address,
            .settled = true,
            .verified = true};
}

// The flow's own ends come first: they are known before anything that it may ask a proxy for, and
// what they decide must stay.
Identification Catalogue::by_address(const Findings& findings, const FlowEnds& ends) const {
    // A service may call in.
    const std::array claims = {claim_on(ends.server.address, ends.nat64),
                               claim_on(ends.client, ends.nat64)};
    // QUIC's names live on a port of their own, there as over TCP.
    const bool over_udp = ends.protocol == Protocol::udp && ends.server.port != quic_port;
    for (const Claim& claim : claims)
        if (claim.holds(over_udp))
            return decided_by(claim);
    const bool nobody_else = falls_to_address(findings);
    if (const Address& asked = destination_of(findings, ends); &asked != &ends.server.address)
        if (const Claim claim = claim_on(asked, ends.nat64); claim.holds(nobody_else))
            return decided_by(claim);
    for (const Claim& claim : claims)
        if (claim.holds(nobody_else))
            return decided_by(claim);
    return {};
}

// Where an address is a service's over UDP alone, traffic over TCP and on QUIC's port falls to it
// that names nobody, or that names another service of the catalogue: such a name was forged. A name
// of nobody's is believed.
bool Catalogue::falls_to_address(const Findings& findings) const {
    if (findings.open())
        return false;
    return findings.server_name.empty() || find_domain(findings.server_name) != nullptr;
}

Identification Catalogue::by_name(const Findings& findings, const FlowEnds& ends) const {
    Identification found{.service = find_domain(findings.server_name),
                         .decisive = findings.name_kind};
    if (found.service == nullptr && findings.server_name.empty())
        found = {.service = certified(findings.certificate_names),
                 .decisive = EvidenceKind::tls_certificate};
    if (found.service == nullptr)
        found = {.service = find_domain(findings.realm), .decisive = EvidenceKind::stun};
    if (found.service == nullptr)
        return {};
    const bool own_address =
        owns_address(*found.service, destination_of(findings, ends), ends.nat64);
    found.strength = own_address ? Strength::certain : Strength::observed;
    found.verified = own_address || !found.service->verify_addresses;
    return found;
}

// A name that services share counts at an address that is one's alone, be it over UDP.
Identification Catalogue::by_shared_name(const Findings& findings, const FlowEnds& ends) const {
    if (findings.server_name.empty())
        return {};
    const Claim claim = claim_on(destination_of(findings, ends), ends.nat64);
    if (claim.owner == nullptr)
        return {};
    const Service& service = services_[claim.owner->service];
    for (std::string_view name = findings.server_name; !name.empty(); name = parent_domain(name))
        if (std::ranges::find(service.shared_domains, name, &Domain::text) !=
            service.shared_domains.end())
            return {.service = &service,
                    .strength = Strength::observed,
                    .decisive = findings.name_kind,
                    .verified = true};
    return {};
}

// A realm that a vendor's products share counts at an address that they share.
Identification Catalogue::by_realm(const Findings& findings, const FlowEnds& ends) const {
    if (findings.realm.empty())
        return {};
    const auto found = std::ranges::find_if(services_, [&](const Service& service) {
        return std::ranges::find(service.realms, findings.realm, &Domain::text) !=
                   service.realms.end() &&
               owns_address(service, destination_of(findings, ends), ends.nat64);
    });
    if (found == services_.end())
        return {};
    return {.service = &*found,
            .strength = Strength::observed,
            .decisive = EvidenceKind::stun,
            .verified = true};
}

// A signature counts beside an address of the same service or another flow of the endpoint; beside
// a port where chance alone does not give it.
// NOLINTNEXTLINE(readability-function-cognitive-complexity): three things beside a signature
Identification Catalogue::by_signature(const Findings& findings, const FlowEnds& ends) const {
    if (findings.signatures.none())
        return {};
    for (const Service& service : services_)
        for (const Signature signature : service.signatures) {
            const auto bit = static_cast<std::size_t>(signature);
            if (!findings.signatures.test(bit))
                continue;
            const auto& ports =
                ends.protocol == Protocol::udp ? service.udp_ports : service.tcp_ports;
            const bool on_port = std::ranges::any_of(
                ports, [&](PortRange range) { return range.contains(ends.server.port); });
            const bool beside = owns_address(service, destination_of(findings, ends), ends.nat64) ||
                                (on_port && findings.sure_signatures.test(bit));
            if (!beside && ends.hints.same_endpoint != service.id)
                continue;
            return {.service = &service,
                    .strength = beside ? Strength::observed : Strength::correlated,
                    .decisive = findings.application == Application::stun ? EvidenceKind::stun
                                                                          : EvidenceKind::media,
                    .verified = !service.verify_addresses};
        }
    return {};
}

// Its guesses rest on a few bits, some of them: they count beside an address of the service or
// another flow's word.
Identification Catalogue::by_ndpi(const Findings& findings, const FlowEnds& ends) const {
    if (findings.ndpi_application.empty())
        return {};
    const auto found = ndpi_.find(findings.ndpi_application);
    if (found == ndpi_.end())
        return {};
    const Service& service = services_[found->second];
    const bool at_home = owns_address(service, destination_of(findings, ends), ends.nat64);
    if (!at_home && ends.hints.resolved != service.id && ends.hints.same_endpoint != service.id)
        return {};
    return {.service = &service,
            .strength = at_home ? Strength::observed : Strength::correlated,
            .decisive = EvidenceKind::ndpi,
            .verified = !service.verify_addresses};
}

// A call by WebRTC to addresses that nobody published, of a client that talks to a service.
Identification Catalogue::by_signalling(const FlowEnds& ends) const {
    const Service* service = find(ends.hints.signalling);
    if (service == nullptr)
        return {};
    return {.service = service,
            .strength = Strength::guessed,
            .decisive = EvidenceKind::tls_sni,
            .verified = !service->verify_addresses};
}

// Media of a client's port that also talks to a service's servers belongs to the same call; an
// address that was looked up by a service's name is that service's where nothing else speaks.
Identification Catalogue::by_hints(const Findings& findings, const FlowEnds& ends) const {
    const bool call =
        findings.application == Application::stun || findings.application == Application::media;
    const Service* service = call ? find(ends.hints.same_endpoint) : nullptr;
    const auto kind = service != nullptr ? EvidenceKind::stun : EvidenceKind::dns;
    const bool lookup = findings.application == Application::dns;
    if (service == nullptr && findings.server_name.empty() && !lookup)
        service = find(ends.hints.resolved);
    if (service == nullptr && findings.webrtc)
        return by_signalling(ends);
    if (service == nullptr)
        return {};
    return {.service = service,
            .strength = Strength::correlated,
            .decisive = kind,
            .verified = !service->verify_addresses};
}

Identification Catalogue::identify(const Findings& findings, const FlowEnds& ends) const {
    Identification found = by_address(findings, ends);
    if (found.service != nullptr)
        return found;
    const bool ended = !findings.open();
    found = by_name(findings, ends);
    if (found.service == nullptr)
        found = by_shared_name(findings, ends);
    if (found.service == nullptr)
        found = by_realm(findings, ends);
    if (found.service == nullptr)
        found = by_signature(findings, ends);
    if (found.service == nullptr && ended)
        found = by_ndpi(findings, ends);
    if (found.service == nullptr && ended)
        found = by_hints(findings, ends);
    found.settled = ended;
    return found;
}

std::vector<std::string_view> Catalogue::names() const {
    std::vector<std::string_view> names;
    for (const Service& service : services_)
        names.push_back(service.name);
    return names;
}

}  // namespace octroi
