#include "metrics/report/html.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace octroi {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

// Octets of a character that begins with `lead`; text is UTF-8 here, as JSON's reader has made
// sure.
std::size_t length_of(unsigned char lead) {
    if (lead < 0xc0)
        return 1;
    if (lead < 0xe0)
        return 2;
    return lead < 0xf0 ? 3 : 4;
}

// C0 but for tab and line feed, DEL and C1 (HTML 13.2.3.5), noncharacters of the first plane;
// embeddings, overrides and isolates of direction (Unicode 9.0, TR 9).
bool is_forbidden(std::string_view character) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1)
        return (octet(0) < ' ' && octet(0) != '\t' && octet(0) != '\n') || octet(0) >= 0x7f;
    if (character.size() == 2)
        return octet(0) == 0xc2 && octet(1) < 0xa0;
    if (character.size() != 3)
        return (octet(1) & 0x0fU) == 0x0f && (octet(2) & 0x3fU) == 0x3f && octet(3) >= 0xbe;
    const bool embeds =
        octet(0) == 0xe2 && octet(1) == 0x80 && octet(2) >= 0xaa && octet(2) <= 0xae;
    const bool isolates =
        octet(0) == 0xe2 && octet(1) == 0x81 && octet(2) >= 0xa6 && octet(2) <= 0xa9;
    const bool none =
        octet(0) == 0xef && ((octet(1) == 0xb7 && octet(2) >= 0x90 && octet(2) <= 0xaf) ||
                             (octet(1) == 0xbf && octet(2) >= 0xbe));
    return embeds || isolates || none;
}

std::string_view escaped(std::string_view character) {
    if (is_forbidden(character))
        return replacement;
    switch (character.front()) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '"':
            return "&quot;";
        case '\'':
            return "&#39;";
        default:
            return character;
    }
}

}  // namespace

Html& Html::tag(Markup markup) {
    document_ += markup.text();
    return *this;
}

Html& Html::text(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = length_of(static_cast<unsigned char>(text.front()));
        document_ += length > text.size() ? replacement : escaped(text.substr(0, length));
        text.remove_prefix(std::min(length, text.size()));
    }
    return *this;
}

Html& Html::style(std::string_view sheet) {
    document_ += sheet;
    return *this;
}

Html& Html::count(std::uint64_t number) {
    document_ += grouped(number);
    return *this;
}

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t i = text.size(); i > 3; i -= 3)
        text.insert(i - 3, 1, ',');
    return text;
}

std::string octets_text(std::uint64_t octets) {
    constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto value = static_cast<double>(octets);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit)
        value /= 1024;
    return unit == 0 ? fmt::format("{} B", octets) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? "-"
                      : fmt::format("{:.1f} %",
                                    100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace octroi
