#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/clear/signature.hpp"
#include "classifiers/net/domain.hpp"
#include "rules/services/service_id.hpp"
#include "rules/text/schema.hpp"

namespace octroi {

enum class Category : std::uint8_t {
    video_conferencing,
    messaging,
    social,
    streaming,
    game,
    dating,
    mail,
    storage,
    encrypted_dns,
    relay,
    vpn,
    ai
};

inline constexpr std::array<std::string_view, 12> category_names = {
    "video-conferencing", "messaging", "social", "streaming", "game", "dating", "mail", "storage",
    "encrypted-dns",      "relay",     "vpn",    "ai"};

[[nodiscard]] constexpr std::string_view to_string(Category category) {
    return category_names[static_cast<std::size_t>(category)];
}

/// Where a fact about a service comes from.
struct Source {
    std::string what;
    std::string where;
    std::string date;

    bool operator==(const Source&) const = default;
};

/// A catalogue entry: what identifies one online service. Format: docs/catalogue.md.
struct Service {
    ServiceId id = no_service;
    std::string name;          ///< as policies write it: lower case, digits, dashes
    std::string display_name;  ///< as people write it
    std::string vendor;
    std::string jurisdiction;  ///< ISO 3166-1 alpha-2
    Category category{};
    bool must_stay = false;              ///< no refresh may give another service what is this one's
    std::vector<Domain> domains;         ///< each with its subdomains; theirs alone
    std::vector<Domain> shared_domains;  ///< support other evidence, never decide
    std::vector<Domain> realms;          ///< of TURN servers: decide at a shared address
    std::vector<Network> exclusive;      ///< theirs alone: decide at the first packet
    std::vector<Network>
        exclusive_udp;            ///< theirs alone over UDP; over TCP other names live there too
    std::vector<Network> shared;  ///< support other evidence, never decide
    std::vector<PortRange> udp_ports;  ///< with shared addresses or a signature only
    std::vector<PortRange> tcp_ports;
    std::vector<Signature> signatures;
    std::vector<std::string> ndpi;  ///< nDPI application names that mean this service alone
    std::vector<Source> sources;
    bool ech_outer = false;  ///< its names stand in the clear before an encrypted ClientHello
    bool verify_addresses = false;  ///< its name permits only together with its address
    std::string file;               ///< where the entry was read

    bool operator==(const Service&) const = default;
};

/// Reads one catalogue file. Findings are appended; nothing is given where there is an error.
[[nodiscard]] std::optional<Service> read_service(const yaml::Document& document,
                                                  std::vector<Finding>& findings);

}  // namespace octroi
