#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/policy/samples.hpp"

/// Random policies written as YAML, random flows, and a reference that says what the policy does
/// with a complete flow. The reference shares nothing with rules/policy/policy.cpp.
namespace octroi::random_policy {

inline constexpr std::array<std::string_view, 3> actions = {"accept", "drop", "reject"};
inline constexpr std::array<std::string_view, 2> modes = {"enforce", "monitor"};
inline constexpr std::array<std::string_view, 5> exceptions = {
    "midstream", "unclassified", "ambiguous", "malformed", "table_full"};
inline constexpr std::array<std::string_view, 4> transports = {"tcp", "udp", "icmp", "other"};
inline constexpr std::array<std::string_view, 5> strengths = {"none", "guessed", "correlated",
                                                              "observed", "certain"};

// What each condition may ask for: values that overlap and nest, so that rules meet often.
struct Vocabulary {
    std::string_view key;
    std::vector<std::string_view> values;
};

inline const std::vector<Vocabulary> conditions = {
    {"zone", {"interior", "pilot", "press", "phones"}},
    {"client", {"10.20.0.0/16", "10.20.4.0/24", "10.20.4.7", "fd00:20::/48", "0.0.0.0/0"}},
    {"service", {"zoom", "teams", "visio", "tchap", "signal", "outlook", "x"}},
    {"category", {"video-conferencing", "messaging", "mail", "social"}},
    {"jurisdiction", {"FR", "US"}},
    {"name", {"zoom.us", "=zoom.us", "us", "a.zoom.us", "example.org", "=b.example.org"}},
    {"address",
     {"170.114.0.0/16", "170.114.52.0/24", "203.0.113.5", "2407:30c0::/32", "64:ff9b::/96"}},
    {"port", {"80", "443", "400-500", "3478-3481"}},
    {"transport", {transports.begin(), transports.end()}},
    {"vendor", {"Zoom", "DINUM", "Microsoft"}},
    {"strength", {strengths.begin(), strengths.end()}},
    {"protocol", {"TLS", "QUIC", "STUN"}},
    {"application", {"Zoom", "Teams", "YouTube"}},
    {"ech", {"true", "false"}},
    {"unclassified", {"true", "false"}}};

inline const std::array<std::pair<std::string_view, std::vector<std::string_view>>, 4> zones = {
    {{"interior", {"10.20.0.0/16", "fd00:20::/48"}},
     {"pilot", {"10.20.4.0/24"}},
     {"press", {"10.20.4.0/28", "10.30.0.0/16"}},
     {"phones", {"10.64.0.0/12"}}}};

struct SpecCondition {
    std::string_view key;
    std::vector<std::string_view> values;
    bool negated = false;
};

struct SpecRule {
    std::vector<SpecCondition> when;
    std::size_t then = 0;
    std::optional<std::size_t> mode;
};

// A policy as a person would write it down.
struct Spec {
    std::size_t default_action = 0;
    std::size_t default_mode = 0;
    std::vector<SpecRule> rules;
    std::array<std::size_t, exceptions.size()> exception_actions{};
};

// A flow with everything that it will ever show.
struct Flow {
    Address client;
    Address server;
    std::uint16_t port = 0;
    std::size_t transport = 0;
    const Service* service = nullptr;
    std::size_t strength = 0;
    bool verified = true;
    std::string name;
    bool ech = false;
    std::string_view protocol;
    std::string_view application;
    bool unclassified = false;
};

inline bool is_flag(std::string_view key) {
    return key == "ech" || key == "unclassified";
}

class Generator {
  public:
    explicit Generator(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t limit) { return random_() % limit; }

    template <typename List>
    const auto& one_of(const List& list) {
        return list[below(list.size())];
    }

    SpecCondition any_condition(const Vocabulary& vocabulary) {
        if (is_flag(vocabulary.key))
            return {.key = vocabulary.key, .values = {one_of(vocabulary.values)}};
        SpecCondition condition{.key = vocabulary.key, .values = {}, .negated = below(3) == 0};
        for (std::size_t i = 0; i < 1 + below(3); ++i)
            condition.values.push_back(one_of(vocabulary.values));
        return condition;
    }

    SpecRule any_rule() {
        SpecRule rule{.when = {}, .then = below(3), .mode = std::nullopt};
        if (below(2) == 0)
            rule.mode = below(2);
        const std::size_t density = 3 + below(8);
        for (const Vocabulary& vocabulary : conditions)
            if (below(density) == 0)
                rule.when.push_back(any_condition(vocabulary));
        return rule;
    }

    Spec any_spec() {
        Spec spec{.default_action = below(3), .default_mode = below(2), .rules = {}};
        for (std::size_t i = 0; i < below(9); ++i)
            spec.rules.push_back(any_rule());
        for (std::size_t& action : spec.exception_actions)
            action = below(3);
        return spec;
    }

    Flow any_flow(const Catalogue& catalogue) {
        constexpr std::array<std::string_view, 7> clients = {
            "10.20.4.7", "10.20.4.77", "10.20.9.9", "10.30.1.1", "10.70.0.1", "fd00:20::7", "::1"};
        constexpr std::array<std::string_view, 8> servers = {
            "170.114.52.2", "170.114.1.1",        "203.0.113.5",      "2407:30c0::1",
            "198.51.100.1", "64:ff9b::aa72:3402", "2002:aa72:101::1", "2001:db8:64::cb00:7105"};
        constexpr std::array<std::string_view, 7> names = {
            "", "zoom.us", "a.zoom.us", "b.a.zoom.us", "b.example.org", "c.b.example.org", "us"};
        constexpr std::array<std::uint16_t, 5> ports = {80, 443, 500, 3480, 0};
        constexpr std::array<std::string_view, 4> protocols = {"", "TLS", "QUIC", "STUN"};
        constexpr std::array<std::string_view, 3> applications = {"", "Zoom", "YouTube"};
        const auto& services = catalogue.services();
        return {.client = samples::address(one_of(clients)),
                .server = samples::address(one_of(servers)),
                .port = one_of(ports),
                .transport = below(transports.size()),
                .service = below(4) == 0 ? nullptr : &one_of(services),
                .strength = below(strengths.size()),
                .verified = below(3) != 0,
                .name = std::string(one_of(names)),
                .ech = below(2) == 0,
                .protocol = one_of(protocols),
                .application = one_of(applications),
                .unclassified = below(2) == 0};
    }

  private:
    std::mt19937 random_;
};

inline std::string list_of(const std::vector<std::string_view>& values) {
    std::string text = "[";
    for (const std::string_view value : values)
        text += "\"" + std::string(value) + "\", ";
    return text + "]";
}

inline std::string yaml_of(const SpecRule& rule, std::size_t number) {
    std::string text = "- {name: r" + std::to_string(number) + ", then: ";
    text += actions[rule.then];
    if (rule.mode)
        text += ", mode: " + std::string(modes[*rule.mode]);
    text += ", when: {";
    for (const SpecCondition& condition : rule.when) {
        const std::string values = is_flag(condition.key) ? std::string(condition.values.front())
                                                          : list_of(condition.values);
        text += std::string(condition.key) + ": " +
                (condition.negated ? "{not: " + values + "}" : values) + ", ";
    }
    return text + "}}\n";
}

inline std::string yaml_of(const Spec& spec) {
    std::string text = "octroi: 1\ndefaults: {action: ";
    text += std::string(actions[spec.default_action]) + ", mode: ";
    text += std::string(modes[spec.default_mode]) + "}\nzones:\n";
    for (const auto& [name, networks] : zones)
        text += "  " + std::string(name) + ": " + list_of(networks) + "\n";
    text += "nat64: [\"2001:db8:64::/96\"]\n";
    text += "exceptions:\n";
    for (std::size_t i = 0; i < exceptions.size(); ++i)
        text += "  " + std::string(exceptions[i]) + ": " +
                std::string(actions[spec.exception_actions[i]]) + "\n";
    text += spec.rules.empty() ? "rules: []\n" : "rules:\n";
    for (std::size_t i = 0; i < spec.rules.size(); ++i)
        text += yaml_of(spec.rules[i], i);
    return text;
}

// The reference: what docs say of a policy, on complete flows only, one value at a time.
inline bool inside(const Address& address, std::string_view network) {
    const Network parsed = samples::network(network);
    return parsed.first() <= address && address <= parsed.last();
}

// Of the servers of any_flow(): the IPv4 host behind those that have one.
inline Address host_of(const Address& server) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> hosts = {
        {{"64:ff9b::aa72:3402", "170.114.52.2"},
         {"2002:aa72:101::1", "170.114.1.1"},
         {"2001:db8:64::cb00:7105", "203.0.113.5"}}};
    for (const auto& [dressed, host] : hosts)
        if (server == samples::address(dressed))
            return samples::address(host);
    return server;
}

inline bool in_zone(const Flow& flow, std::string_view zone) {
    for (const auto& [name, networks] : zones)
        if (name == zone)
            return std::ranges::any_of(networks,
                                       [&](auto network) { return inside(flow.client, network); });
    return false;
}

inline bool under(std::string_view name, std::string_view domain) {
    if (domain.starts_with('='))
        return name == domain.substr(1);
    return name == domain || name.ends_with("." + std::string(domain));
}

inline bool in_range(std::uint16_t port, std::string_view range) {
    const std::string text(range);
    const std::size_t dash = text.find('-');
    return std::stoi(text) <= port &&
           port <= std::stoi(dash == std::string::npos ? text : text.substr(dash + 1));
}

inline bool holds_value(const Flow& flow, std::string_view key, std::string_view value) {
    if (key == "zone")
        return in_zone(flow, value);
    if (key == "client")
        return inside(flow.client, value);
    if (key == "address")
        return inside(flow.server, value) || inside(host_of(flow.server), value);
    if (key == "port")
        return in_range(flow.port, value);
    if (key == "transport")
        return transports[flow.transport] == value;
    if (key == "name")
        return under(flow.name, value);
    if (key == "strength")
        return strengths[flow.strength] == value;
    if (key == "protocol")
        return flow.protocol == value;
    if (key == "application")
        return flow.application == value;
    if (key == "ech")
        return flow.ech == (value == "true");
    if (key == "unclassified")
        return flow.unclassified == (value == "true");
    if (flow.service == nullptr)
        return false;
    if (key == "service")
        return flow.service->name == value;
    if (key == "category")
        return to_string(flow.service->category) == value;
    if (key == "vendor")
        return flow.service->vendor == value;
    return flow.service->jurisdiction == value;
}

inline bool asks_for_service(const SpecCondition& condition) {
    return condition.key == "service" || condition.key == "category" || condition.key == "vendor" ||
           condition.key == "jurisdiction";
}

inline bool matches(const SpecRule& rule, const Flow& flow) {
    for (const SpecCondition& condition : rule.when) {
        if (asks_for_service(condition) && actions[rule.then] == "accept" && !flow.verified)
            return false;
        const bool any = std::ranges::any_of(condition.values, [&](std::string_view value) {
            return holds_value(flow, condition.key, value);
        });
        if (any == condition.negated)
            return false;
    }
    return true;
}

struct Reference {
    std::string_view action;
    std::string rule;  ///< empty: none
};

inline Reference evaluate(const Spec& spec, const Flow& flow, bool with_monitored,
                          std::optional<std::size_t> exception) {
    for (std::size_t i = 0; i < spec.rules.size(); ++i) {
        const bool monitored = modes[spec.rules[i].mode.value_or(spec.default_mode)] == "monitor";
        if ((with_monitored || !monitored) && matches(spec.rules[i], flow))
            return {.action = actions[spec.rules[i].then], .rule = "r" + std::to_string(i)};
    }
    if (!with_monitored && modes[spec.default_mode] == "monitor")
        return {.action = "accept", .rule = ""};
    return {.action = actions[exception ? spec.exception_actions[*exception] : spec.default_action],
            .rule = ""};
}

}  // namespace octroi::random_policy
