#include "classifiers/net/domain.hpp"

#include <algorithm>

namespace octroi {
namespace {

constexpr std::size_t max_label = 63;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_label_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= max_label &&
           std::ranges::all_of(label, is_label_character);
}

bool is_name(std::string_view name) {
    while (true) {
        const std::size_t dot = name.find('.');
        if (!is_label(name.substr(0, dot)))
            return false;
        if (dot == std::string_view::npos)
            return true;
        name.remove_prefix(dot + 1);
    }
}

// nginx takes whatever follows a colon for a port; what looks like more than a word may be another
// host to somebody else.
bool is_port_character(char c) {
    return c == ':' || (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

// Without these characters at either end.
std::string_view stripped(std::string_view text, std::string_view characters) {
    const std::size_t first = text.find_first_not_of(characters);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(characters) + 1 - first);
}

}  // namespace

std::optional<Domain> Domain::parse(std::string_view text) {
    if (text.ends_with('.'))
        text.remove_suffix(1);
    if (text.empty() || text.size() > max_length)
        return std::nullopt;
    std::string name(text);
    std::ranges::transform(name, name.begin(), lower);
    if (!is_name(name))
        return std::nullopt;
    return Domain(std::move(name));
}

std::optional<Domain> Domain::parse(Bytes text) {
    return parse(as_text(text));
}

std::optional<Domain> Domain::requested(Bytes text) {
    const std::string_view host = stripped(as_text(text), " \t\r\n\v\f");
    const std::size_t end = std::min(host.find(':'), host.size());
    if (!std::ranges::all_of(host.substr(end), is_port_character))
        return std::nullopt;
    return parse(stripped(host.substr(0, end), ". \t"));
}

}  // namespace octroi
