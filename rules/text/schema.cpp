#include "rules/text/schema.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace octroi {
namespace {

std::string_view describe(yaml::Kind kind) {
    switch (kind) {
        case yaml::Kind::null:
            return "nothing";
        case yaml::Kind::scalar:
            return "a single value";
        case yaml::Kind::sequence:
            return "a list";
        case yaml::Kind::map:
            return "a map";
    }
    return "";
}

bool expect_scalar(Report& report, const yaml::Node& node) {
    if (node.kind == yaml::Kind::scalar)
        return true;
    report.error(Code::wrong_type, node.position,
                 fmt::format("a single value belongs here, not {}", describe(node.kind)));
    return false;
}

template <typename Integer>
std::optional<Integer> whole_number(std::string_view text) {
    Integer value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

}  // namespace

std::string_view explain(Network::Error error) {
    switch (error) {
        case Network::Error::bad_address:
            return "is not an IPv4 or IPv6 network";
        case Network::Error::bad_length:
            return "has no valid prefix length";
        case Network::Error::host_bits:
            return "has bits set behind its prefix length";
    }
    return "";
}

// More than anybody reads would only cost memory: each finding quotes its line.
void Report::add(Finding finding) {
    if (!is_full())
        findings_.push_back(std::move(finding));
}

// A finding holds its line, and a line may be the whole file: one that nobody will see is not made.
void Report::error(Code code, Position position, std::string text, std::string hint) {
    if (!is_full())
        findings_.push_back(document_.finding(code, position, std::move(text), std::move(hint)));
}

bool Report::is_full() const {
    constexpr std::size_t enough = 100;
    return findings_.size() >= enough;
}

Fields::Fields(Report& report, const yaml::Node& node, std::string_view what)
    : report_(report), node_(node), what_(what), is_map_(node.kind == yaml::Kind::map) {
    if (!is_map_)
        report.error(
            Code::wrong_type, node.position,
            fmt::format("{} must be a map of `key: value`, not {}", what, describe(node.kind)));
}

const yaml::Node* Fields::required(std::string_view key) {
    const yaml::Node* value = optional(key);
    if (value == nullptr && is_map_)
        report_.error(Code::missing_key, node_.position, fmt::format("{} needs `{}`", what_, key));
    return value;
}

const yaml::Node* Fields::optional(std::string_view key) {
    known_.push_back(key);
    return node_.find(key);
}

void Fields::finish() {
    for (const yaml::Node& key : node_.keys) {
        if (std::ranges::find(known_, key.scalar) != known_.end())
            continue;
        const std::string_view near = nearest(key.scalar, known_);
        report_.error(Code::unknown_key, key.position,
                      fmt::format("{} has no key `{}`", what_, key.scalar),
                      near.empty() ? fmt::format("known keys: {}", fmt::join(known_, ", "))
                                   : fmt::format("did you mean `{}`?", near));
    }
}

std::optional<std::string> read_text(Report& report, const yaml::Node* node) {
    if (node == nullptr || !expect_scalar(report, *node))
        return std::nullopt;
    return node->scalar;
}

std::optional<std::int64_t> read_integer(Report& report, const yaml::Node* node, std::int64_t least,
                                         std::int64_t most) {
    if (node == nullptr || !expect_scalar(report, *node))
        return std::nullopt;
    const auto value = whole_number<std::int64_t>(node->scalar);
    if (!value || *value < least || *value > most) {
        report.error(
            Code::bad_value, node->position,
            fmt::format("`{}` is not a whole number from {} to {}", node->scalar, least, most));
        return std::nullopt;
    }
    return value;
}

std::optional<bool> read_bool(Report& report, const yaml::Node* node) {
    const auto word = read_word(report, node, Code::bad_value, "true or false", {"false", "true"});
    return word ? std::optional(*word == 1) : std::nullopt;
}

std::optional<Network> read_network(Report& report, const yaml::Node* node) {
    if (node == nullptr || !expect_scalar(report, *node))
        return std::nullopt;
    const auto network = Network::parse(node->scalar);
    if (network)
        return *network;
    const auto canonical = Network::canonical(node->scalar);
    report.error(Code::bad_network, node->position,
                 fmt::format("`{}` {}", node->scalar, explain(network.error())),
                 canonical ? fmt::format("did you mean `{}`?", *canonical)
                           : "examples: 10.20.0.0/16, \"fd00:20::/48\"");
    return std::nullopt;
}

std::optional<Domain> read_domain(Report& report, const yaml::Node* node) {
    if (node == nullptr || !expect_scalar(report, *node))
        return std::nullopt;
    const auto domain = Domain::parse(node->scalar);
    if (!domain)
        report.error(Code::bad_domain, node->position,
                     fmt::format("`{}` is not a domain name", node->scalar.substr(0, 300)),
                     node->scalar.starts_with("*.")
                         ? "a domain means itself and its subdomains: leave out `*.`"
                         : "");
    return domain;
}

std::optional<PortRange> read_ports(Report& report, const yaml::Node* node) {
    if (node == nullptr || !expect_scalar(report, *node))
        return std::nullopt;
    const std::string_view text = node->scalar;
    const std::size_t dash = text.find('-');
    const auto first = whole_number<std::uint16_t>(text.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : whole_number<std::uint16_t>(text.substr(dash + 1));
    if (first && last && *first <= *last)
        return PortRange{.first = *first, .last = *last};
    report.error(Code::bad_port, node->position,
                 fmt::format("`{}` is neither a port nor a range of ports", text),
                 "examples: 443, 3478-3481");
    return std::nullopt;
}

std::optional<std::size_t> read_word(Report& report, const yaml::Node* node, Code code,
                                     std::string_view what,
                                     const std::vector<std::string_view>& words) {
    if (node == nullptr || !expect_scalar(report, *node))
        return std::nullopt;
    const auto found = std::ranges::find(words, node->scalar);
    if (found != words.end())
        return static_cast<std::size_t>(found - words.begin());
    constexpr std::size_t listed = 12;
    const std::string_view near = nearest(node->scalar, words);
    std::string hint = near.empty() ? "" : fmt::format("did you mean `{}`?", near);
    if (words.empty())
        hint = "there is none";
    else if (near.empty() && words.size() <= listed)
        hint = fmt::format("one of: {}", fmt::join(words, ", "));
    report.error(code, node->position,
                 fmt::format("`{}` is not {}", node->scalar.substr(0, 300), what), std::move(hint));
    return std::nullopt;
}

void read_version(Report& report, const yaml::Node* node) {
    constexpr std::string_view format_version = "1";
    if (node != nullptr && (node->kind != yaml::Kind::scalar || node->scalar != format_version))
        report.error(Code::bad_version, node->position, "this format version is not known",
                     fmt::format("this octroi reads `octroi: {}`", format_version));
}

std::vector<const yaml::Node*> elements(const yaml::Node* node) {
    std::vector<const yaml::Node*> found;
    if (node == nullptr)
        return found;
    if (node->kind != yaml::Kind::sequence)
        return {node};
    for (const yaml::Node& item : node->items)
        found.push_back(&item);
    return found;
}

std::vector<const yaml::Node*> read_list(Report& report, const yaml::Node* node) {
    if (node == nullptr || node->kind == yaml::Kind::null)
        return {};
    if (node->kind != yaml::Kind::sequence) {
        report.error(Code::wrong_type, node->position,
                     fmt::format("a list belongs here, not {}", describe(node->kind)));
        return {};
    }
    return elements(node);
}

}  // namespace octroi
