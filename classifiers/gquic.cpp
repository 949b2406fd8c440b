#include "classifiers/gquic.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace octroi::gquic {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t max_header = 128;  // packet header, hash and STREAM frame header
constexpr std::size_t max_tags = 128;

std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The version stands behind the flags and an 8-octet connection id (to Q043), or behind the first
// octet (Q046).
bool has_version(Bytes datagram) {
    const std::string_view text = text_of(datagram);
    constexpr std::array<std::size_t, 2> offsets = {9, 1};
    return std::ranges::any_of(offsets, [&](std::size_t offset) {
        return text.size() > offset + 4 && text.substr(offset, 2) == "Q0"sv;
    });
}

// Of little-endian fields.
std::uint32_t reversed(std::uint32_t value) {
    return __builtin_bswap32(value);
}

}  // namespace

std::optional<Bytes> server_name(Bytes datagram) {
    if (!has_version(datagram))
        return std::nullopt;
    const std::size_t start =
        text_of(datagram.first(std::min(datagram.size(), max_header))).find("CHLO"sv);
    if (start == std::string_view::npos)
        return std::nullopt;
    ByteReader reader(datagram.subspan(start + 4));
    const std::uint32_t tags = reversed(reader.u32()) & 0xffffU;  // and two octets of padding
    if (tags > max_tags)
        return std::nullopt;
    std::uint32_t begin = 0;
    std::optional<std::array<std::uint32_t, 2>> place;
    for (std::uint32_t i = 0; i < tags && reader.ok(); ++i) {
        const Bytes tag = reader.bytes(4);
        const std::uint32_t end = reversed(reader.u32());
        if (text_of(tag) == "SNI\0"sv && begin <= end)
            place = {begin, end};
        begin = end;
    }
    const Bytes values = reader.rest();
    if (!reader.ok() || !place || (*place)[1] > values.size())
        return std::nullopt;
    return values.subspan((*place)[0], (*place)[1] - (*place)[0]);
}

}  // namespace octroi::gquic
