#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "classifiers/inspection/evidence.hpp"
#include "classifiers/inspection/findings.hpp"
#include "classifiers/net/embedded_address.hpp"
#include "classifiers/net/flow_key.hpp"
#include "rules/services/service.hpp"
#include "rules/services/strength.hpp"
#include "rules/sets/prefix_map.hpp"

namespace octroi {

/// What a flow is believed to be, and how far.
struct Identification {
    const Service* service = nullptr;  ///< null: none so far; borrowed from the catalogue
    Strength strength = Strength::none;
    EvidenceKind decisive{};  ///< meaningful where there is a service
    Address address;          ///< that decided, where `decisive` is address: of NAT64 the IPv4 one
    bool settled = false;     ///< nothing that the flow may still show can change `service`
    bool verified =
        false;  ///< may permit: the service asks for no address, or the address is its own
};

/// What other flows of the same client tell about a flow.
struct Hints {
    ServiceId same_endpoint = no_service;  ///< another UDP flow of the client's address and port,
                                           ///< or its relay that was asked to let this peer by
    ServiceId resolved = no_service;    ///< the name that a DNS answer gave the server's address to
    ServiceId signalling = no_service;  ///< that the client talks to, and that must stay reachable
};

/// What is asked of the catalogue about a flow, beside its findings.
struct FlowEnds {
    Address client;
    Endpoint server;
    Protocol protocol{};
    Hints hints;
    std::span<const Nat64Prefix> nat64;  ///< of this network, beside the well-known ones
};

/// Every known service and the tables that find one by name or address. Immutable.
class Catalogue {
  public:
    /// Builds the tables. A later service replaces an earlier one of the same name. Findings are
    /// appended where two services claim one id, domain or exclusive network; then nothing is
    /// given.
    [[nodiscard]] static std::optional<Catalogue> build(std::vector<Service> services,
                                                        std::vector<Finding>& findings);

    /// In the order of their ids.
    [[nodiscard]] const std::vector<Service>& services() const { return services_; }

    [[nodiscard]] const Service* find(std::string_view name) const;
    [[nodiscard]] const Service* find(ServiceId id) const;

    /// The service that owns the most specific domain equal to or above `name` (lower case).
    [[nodiscard]] const Service* find_domain(std::string_view name) const;

    /// The service that owns the longest exclusive prefix around `address`, or around the IPv4
    /// address inside it.
    [[nodiscard]] const Service* find_address(const Address& address,
                                              std::span<const Nat64Prefix> nat64 = {}) const;

    /// Whether `service` has `address`, or the IPv4 address inside it: as its own or shared.
    [[nodiscard]] bool owns_address(const Service& service, const Address& address,
                                    std::span<const Nat64Prefix> nat64 = {}) const;

    /// Weighs what is known of a flow: an exclusive address first, then a name, a signature with
    /// something beside it, nDPI, and what other flows tell (docs/architecture.md, "Which evidence
    /// wins"). O(labels of the names + log prefixes).
    [[nodiscard]] Identification identify(const Findings& findings, const FlowEnds& ends) const;

    [[nodiscard]] std::vector<std::string_view> names() const;

  private:
    struct Owner {
        std::size_t service = 0;  ///< index into services_
        bool udp_only = false;
    };

    struct Claim;

    bool claim_domains(const Service& service, std::vector<Finding>& findings);
    [[nodiscard]] Claim claim_on(const Address& address, std::span<const Nat64Prefix> nat64) const;
    [[nodiscard]] Identification decided_by(const Claim& claim) const;
    [[nodiscard]] const Service* certified(const std::vector<std::string>& names) const;
    [[nodiscard]] Identification by_address(const Findings& findings, const FlowEnds& ends) const;
    [[nodiscard]] bool falls_to_address(const Findings& findings) const;
    [[nodiscard]] Identification by_name(const Findings& findings, const FlowEnds& ends) const;
    [[nodiscard]] Identification by_shared_name(const Findings& findings,
                                                const FlowEnds& ends) const;
    [[nodiscard]] Identification by_realm(const Findings& findings, const FlowEnds& ends) const;
    [[nodiscard]] Identification by_signature(const Findings& findings, const FlowEnds& ends) const;
    [[nodiscard]] Identification by_ndpi(const Findings& findings, const FlowEnds& ends) const;
    [[nodiscard]] Identification by_signalling(const FlowEnds& ends) const;
    [[nodiscard]] Identification by_hints(const Findings& findings, const FlowEnds& ends) const;

    std::vector<Service> services_;
    absl::flat_hash_map<std::string, std::size_t> by_name_;
    std::vector<std::size_t> by_id_;  ///< 1 + index into services_, 0 where the id is free
    absl::flat_hash_map<std::string, std::size_t> domains_;
    absl::flat_hash_map<std::string, std::size_t> ndpi_;  ///< by nDPI's application name
    PrefixMap<Owner> exclusive_;
    std::vector<PrefixMap<bool>> own_addresses_;  ///< by index: exclusive and shared, for `verify`
};

}  // namespace octroi
