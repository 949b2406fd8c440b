#pragma once

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "rules/policy/policy.hpp"
#include "rules/services/catalogue.hpp"
#include "rules/text/yaml.hpp"

namespace octroi::samples {

inline yaml::Document document(std::string text, std::string file = "sample.yaml") {
    auto parsed = yaml::parse(std::move(file), std::move(text));
    if (!parsed)
        throw std::invalid_argument(render(parsed.error()));
    return std::move(*parsed);
}

inline Service service(std::string text, std::string file = "service.yaml") {
    std::vector<Finding> findings;
    auto read = read_service(document(std::move(text), std::move(file)), findings);
    if (!read)
        throw std::invalid_argument(render(findings.front()));
    return std::move(*read);
}

inline Address address(std::string_view text) {
    return parse_address(text).value();
}

inline Network network(std::string_view text) {
    return Network::parse(text).value();
}

inline std::vector<Network> networks(const std::vector<std::string_view>& texts) {
    std::vector<Network> all;
    for (const std::string_view text : texts)
        all.push_back(network(text));
    return all;
}

/// Seven services: two that are alike but for the country, one that asks for its own address, one
/// without addresses, one whose domain lies above another service's. Zoom has ports, a signature
/// and a name of nDPI's; Teams owns a network over UDP alone.
inline constexpr std::array<std::string_view, 7> service_texts = {
    R"({service: zoom, id: 1, name: Zoom, vendor: Zoom, jurisdiction: US, category: video-conferencing,
        domains: [zoom.us, zoom.com], sources: [],
        addresses: {exclusive: [170.114.0.0/16, "2407:30c0::/32"], shared: [20.203.158.80/28]},
        ports: {udp: [8801-8810], tcp: [8801]}, signatures: [zoom-sfu], ndpi: [Zoom]})",
    R"({service: teams, id: 2, name: Teams, vendor: Microsoft, jurisdiction: US, sources: [],
        category: video-conferencing, domains: [teams.microsoft.com], shared_domains: [skype.com],
        addresses: {exclusive_udp: [52.112.0.0/14]}})",
    R"({service: visio, id: 4, name: Visio, vendor: DINUM, jurisdiction: FR, verify: addresses,
        category: video-conferencing, domains: [visio.numerique.gouv.fr], sources: [],
        addresses: {exclusive: [148.253.97.136/32], shared: [148.253.98.0/24]}})",
    R"({service: tchap, id: 5, name: Tchap, vendor: DINUM, jurisdiction: FR, category: messaging,
        domains: [tchap.gouv.fr], sources: []})",
    R"({service: signal, id: 20, name: Signal, vendor: Signal, jurisdiction: US, category: messaging,
        domains: [signal.org], sources: []})",
    R"({service: outlook, id: 30, name: Outlook, vendor: Microsoft, jurisdiction: US, category: mail,
        domains: [microsoft.com], sources: []})",
    R"({service: x, id: 2047, name: X, vendor: X Corp., jurisdiction: US, category: social,
        domains: [x.com], sources: []})"};

inline Catalogue catalogue() {
    std::vector<Service> services;
    for (const std::string_view text : service_texts)
        services.push_back(service(std::string(text)));
    std::vector<Finding> findings;
    auto built = Catalogue::build(std::move(services), findings);
    if (!built)
        throw std::invalid_argument(render(findings.front()));
    return std::move(*built);
}

/// What read_policy finds in `text`, for the sample catalogue.
inline std::vector<Finding> policy_findings(std::string text) {
    std::vector<Finding> findings;
    static_cast<void>(read_policy(document(std::move(text)), catalogue(), findings));
    return findings;
}

/// A policy that must be sound, for the sample catalogue.
inline Policy policy(std::string text) {
    std::vector<Finding> findings;
    auto read = read_policy(document(std::move(text)), catalogue(), findings);
    if (!read)
        throw std::invalid_argument(render(findings.front()));
    return std::move(*read);
}

/// A flow of which everything is known: it goes to port 443 and belongs to no service.
inline Facts flow(const Policy& policy, std::string_view client = "10.20.9.9") {
    return {.zones = policy.zones_of(address(client)),
            .client = address(client),
            .server = address("203.0.113.5"),
            .port = 443,
            .transport = Transport::tcp,
            .service_known = true,
            .name_known = true};
}

inline Facts flow_of(const Policy& policy, ServiceId service) {
    Facts facts = flow(policy);
    facts.service = service;
    return facts;
}

}  // namespace octroi::samples
