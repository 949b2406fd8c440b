#include "daemon/commands/catalogue_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/text/json.hpp"

namespace octroi {
namespace {

std::string text_of(const Network& network) {
    return to_string(network);
}

std::string text_of(const Domain& name) {
    return name.text();
}

std::string text_of(const Refusal& refusal) {
    return refusal.why;
}

template <typename Items>
std::string lines(char sign, const Items& items) {
    constexpr std::size_t shown = 40;
    std::string text;
    for (std::size_t i = 0; i < items.size() && i < shown; ++i)
        text += fmt::format("  {} {}\n", sign, text_of(items[i]));
    if (items.size() > shown)
        text += fmt::format("  {} and {} more; --json shows all\n", sign, items.size() - shown);
    return text;
}

// A JSON array of strings.
template <typename Items>
std::string array(const Items& items) {
    std::vector<std::string> texts;
    for (const auto& item : items)
        texts.push_back(json::quote(text_of(item)));
    return fmt::format("[{}]", fmt::join(texts, ","));
}

std::string_view title(AddressKind kind) {
    switch (kind) {
        case AddressKind::exclusive:
            return "exclusive networks";
        case AddressKind::exclusive_udp:
            return "networks exclusive over UDP";
        case AddressKind::shared:
            return "shared networks";
    }
    return "";
}

}  // namespace

std::string no_such_service(std::string_view name, const Catalogue& catalogue) {
    const std::string_view near = nearest(name, catalogue.names());
    return fmt::format("there is no service `{}`{}", name,
                       near.empty() ? "" : fmt::format(", did you mean `{}`?", near));
}

std::string dress_text(const Address& address, const EmbeddedAddress& inside) {
    return fmt::format("{} is {} {}", to_string(address), to_string(inside.address),
                       to_string(inside.dress));
}

std::string refresh_text(const Service& service, const Difference& difference) {
    if (difference.empty())
        return fmt::format("{}: {}: no difference, {} unchanged\n", service.name,
                           title(difference.kind), difference.kept.size());
    return fmt::format("{}: {}\n", service.name, title(difference.kind)) +
           lines('+', difference.added) + lines('+', difference.names) +
           lines('-', difference.removed) +
           fmt::format("  = {} unchanged\n", difference.kept.size());
}

std::string refresh_json(const Service& service, const Difference& difference,
                         std::span<const Refusal> refused, std::string_view written) {
    return fmt::format(
        R"({{"service":{},"kind":"{}","added":{},"removed":{},"unchanged":{},"added_names":{},"refused":{},"written":{}}})",
        json::quote(service.name), to_string(difference.kind), array(difference.added),
        array(difference.removed), difference.kept.size(), array(difference.names), array(refused),
        written.empty() ? "null" : json::quote(written));
}

}  // namespace octroi
