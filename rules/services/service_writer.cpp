#include "rules/services/service_writer.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/text/json.hpp"

namespace octroi {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A scalar that means `text`: plain where no reader could take it for anything else.
std::string scalar(std::string_view text) {
    constexpr std::string_view harmless = " ._/()+-";
    const bool plain = !text.empty() && is_alphanumeric(text.front()) && text.back() != ' ' &&
                       text != "null" && std::ranges::all_of(text, [&](char c) {
                           return is_alphanumeric(c) || harmless.contains(c);
                       });
    return plain ? std::string(text) : json::quote(text);
}

std::string port_text(PortRange range) {
    return range.first == range.last ? fmt::format("{}", range.first)
                                     : fmt::format("{}-{}", range.first, range.last);
}

// `key:` with an item a line; nothing where there is none.
template <typename Items, typename Text>
std::string block(std::string_view indent, std::string_view key, const Items& items, Text text) {
    if (items.empty())
        return {};
    std::string lines = fmt::format("{}{}:\n", indent, key);
    for (const auto& item : items)
        lines += fmt::format("{}  - {}\n", indent, text(item));
    return lines;
}

// "[a, b]"
template <typename Items, typename Text>
std::string flow(const Items& items, Text text) {
    std::vector<std::string> texts;
    for (const auto& item : items)
        texts.push_back(text(item));
    return fmt::format("[{}]", fmt::join(texts, ", "));
}

std::string names_text(const Service& service) {
    const auto text = [](const Domain& domain) { return scalar(domain.text()); };
    return block("", "domains", service.domains, text) +
           block("", "shared_domains", service.shared_domains, text) +
           block("", "realms", service.realms, text);
}

std::string addresses_text(const Service& service) {
    const auto text = [](const Network& network) { return scalar(to_string(network)); };
    const std::string lists = block("  ", "exclusive", service.exclusive, text) +
                              block("  ", "exclusive_udp", service.exclusive_udp, text) +
                              block("  ", "shared", service.shared, text);
    return lists.empty() ? "" : "addresses:\n" + lists;
}

std::string ports_line(const Service& service) {
    std::vector<std::string> lists;
    if (!service.udp_ports.empty())
        lists.push_back("udp: " + flow(service.udp_ports, port_text));
    if (!service.tcp_ports.empty())
        lists.push_back("tcp: " + flow(service.tcp_ports, port_text));
    return lists.empty() ? "" : fmt::format("ports: {{{}}}\n", fmt::join(lists, ", "));
}

std::string sources_text(const Service& service) {
    if (service.sources.empty())
        return "sources: []\n";
    return block("", "sources", service.sources, [](const Source& source) {
        return fmt::format("{{what: {}, where: {}, date: {}}}", scalar(source.what),
                           scalar(source.where), scalar(source.date));
    });
}

}  // namespace

std::string to_yaml(const Service& service) {
    std::string text =
        fmt::format("service: {}\nid: {}\nname: {}\nvendor: {}\njurisdiction: {}\ncategory: {}\n",
                    scalar(service.name), service.id, scalar(service.display_name),
                    scalar(service.vendor), service.jurisdiction, to_string(service.category));
    if (service.must_stay)
        text += "must_stay: true\n";
    text += names_text(service) + addresses_text(service) + ports_line(service);
    if (!service.signatures.empty())
        text += fmt::format("signatures: {}\n", flow(service.signatures, [](Signature signature) {
                                return std::string(to_string(signature));
                            }));
    if (!service.ndpi.empty())
        text += fmt::format("ndpi: {}\n", flow(service.ndpi, scalar));
    if (service.ech_outer)
        text += "ech_outer: true\n";
    if (service.verify_addresses)
        text += "verify: addresses\n";
    return text + sources_text(service);
}

}  // namespace octroi
