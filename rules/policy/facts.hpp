#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_set.h>

#include "classifiers/net/flow_key.hpp"
#include "rules/services/catalogue.hpp"
#include "rules/services/strength.hpp"

namespace octroi {

enum class Transport : std::uint8_t { tcp, udp, icmp, other };

inline constexpr std::array<std::string_view, 4> transport_names = {"tcp", "udp", "icmp", "other"};

[[nodiscard]] Transport transport_of(Protocol protocol);

inline constexpr std::size_t max_zones = 256;
using ZoneSet = std::bitset<max_zones>;
using ServiceSet = std::bitset<max_service_id + 1>;  ///< by id; bit 0: no service
using TransportSet = std::bitset<transport_names.size()>;

using StrengthSet = std::bitset<strength_count>;
using WordSet = absl::flat_hash_set<std::string>;

/// Domains with their subdomains, and exact names (written `=name`).
struct NameSet {
    absl::flat_hash_set<std::string> domains;
    absl::flat_hash_set<std::string> exact;

    [[nodiscard]] bool contains(std::string_view name) const;
};

/// What policy may ask about a flow. Most of it may not be known yet.
struct Facts {
    ZoneSet zones;
    ZoneSet open_zones;  ///< that may hold the client too: its interface is not known
    Address client;
    bool server_known = true;  ///< a name that is only looked up has no server yet
    Address server;
    std::optional<Address> server_inside;  ///< the IPv4 address in it (Policy::inside)
    std::uint16_t port = 0;                ///< the server's
    Transport transport{};
    bool service_known = false;
    ServiceId service = no_service;
    Strength strength{};  ///< of the service
    bool service_verified = true;
    bool name_known = false;
    std::string_view name;  ///< empty: the flow names no host
    bool ech = false;       ///< an encrypted ClientHello behind an outer name; known with the name
    bool protocol_known = false;
    std::string_view protocol;  ///< empty: nobody recognises it
    bool application_known = false;
    std::string_view application;  ///< nDPI's, or `webrtc_call`; empty: none
    bool classified_known = false;
    bool unclassified = false;  ///< inspection ended without service or name
};

}  // namespace octroi
