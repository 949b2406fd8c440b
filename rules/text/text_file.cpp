#include "rules/text/text_file.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace octroi {
namespace {

// RFC 3629: the length of the character that starts with `lead`, 0 for an octet that can't start
// one.
std::size_t utf8_length(unsigned char lead) {
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead < 0xe0)
        return 2;
    if (lead >= 0xe0 && lead < 0xf0)
        return 3;
    return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

// RFC 3629 3: the number of a character whose octets are well formed.
std::uint32_t code_point(std::string_view octets) {
    const auto lead = static_cast<unsigned char>(octets[0]);
    std::uint32_t code = octets.size() == 1 ? lead : lead & (0xffU >> (octets.size() + 1));
    for (const char octet : octets.substr(1))
        code = code << 6U | (static_cast<unsigned char>(octet) & 0x3fU);
    return code;
}

// What moves a terminal's cursor, or turns the order of what follows: Unicode's C0 and C1, its
// embeddings and overrides, its isolates.
bool is_control(std::uint32_t code) {
    if (code == '\n' || code == '\r' || code == '\t')
        return false;
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

// What a file has, not what it might have: the limit is far above what most files need.
void read_on(std::istream& stream, std::string& text, std::size_t most) {
    constexpr std::size_t piece = 64UL * 1024;
    const std::size_t before = text.size();
    text.resize(before + std::min(piece, most));
    stream.read(&text[before], static_cast<std::streamsize>(text.size() - before));
    text.resize(before + static_cast<std::size_t>(stream.gcount()));
}

}  // namespace

Finding too_large(std::string file, std::size_t size, std::size_t limit) {
    return {.code = Code::too_large,
            .file = std::move(file),
            .text = fmt::format("the file has {} octets, more than {}", size, limit)};
}

std::expected<std::string, Finding> read_text_file(const std::string& path, std::size_t limit) {
    const auto unreadable = [&](std::string why) {
        return std::unexpected(
            Finding{.code = Code::unreadable, .file = path, .text = std::move(why)});
    };
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::none)
        return unreadable(error.message());
    if (!std::filesystem::exists(status))
        return unreadable("there is no such file");
    if (!std::filesystem::is_regular_file(status))
        return unreadable("this is not a regular file");
    std::ifstream stream(path, std::ios::binary);
    std::string text;
    while (stream && text.size() <= limit)
        read_on(stream, text, limit + 1 - text.size());
    if (stream.bad() || (!stream && !stream.eof()))
        return unreadable("the file can't be read: check its permissions");
    if (text.size() > limit)
        return std::unexpected(too_large(path, text.size(), limit));
    return text;
}

std::optional<Position> bad_character(std::string_view text) {
    Position place{.line = 1, .column = 1};
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = utf8_length(lead);
        const std::string_view rest = text.substr(i + 1, length == 0 ? 0 : length - 1);
        const bool continued = std::ranges::all_of(
            rest, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; });
        if (length == 0 || rest.size() + 1 != length || !continued ||
            is_control(code_point(text.substr(i, length))))
            return place;
        place = lead == '\n' ? Position{.line = place.line + 1, .column = 1}
                             : Position{.line = place.line, .column = place.column + length};
        i += length;
    }
    return std::nullopt;
}

}  // namespace octroi
