#include "classifiers/quic/gquic.hpp"

#include <array>
#include <numeric>
#include <string_view>

namespace octroi::gquic {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t max_tags = 128;
constexpr std::size_t hash_size = 12;  // "QUIC Wire Layout Specification", Hamilton et al., 2016

std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// "Q043" and its like as a number; 0 where it is none.
unsigned version_of(Bytes octets) {
    const std::string_view text = text_of(octets);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.size() != 4 || !text.starts_with("Q0"sv) || !digit(text[2]) || !digit(text[3]))
        return 0;
    return static_cast<unsigned>(text[2] - '0') * 10 + static_cast<unsigned>(text[3] - '0');
}

// Q044 to Q046: flags like IETF QUIC's at that time, version, sizes of the connection ids, the
// server's of 8 octets, packet number, hash.
bool skip_long_header(ByteReader& reader) {
    constexpr std::uint8_t client_to_server = 0x50;
    const std::uint8_t flags = reader.u8();
    const unsigned version = version_of(reader.bytes(4));
    const std::uint8_t sizes = reader.u8();
    reader.bytes(8 + (flags & 3U) + 1U + hash_size);
    return reader.ok() && (flags & 0x80U) != 0 && version >= 44 && version <= 46 &&
           sizes == client_to_server;
}

// Q024 to Q043: flags, connection id of 8 octets, version, packet number, hash; up to Q033 flags
// once more. Neither a reset nor a server's nonce.
bool skip_public_header(ByteReader& reader) {
    constexpr std::uint8_t with_version = 0x01;
    constexpr std::uint8_t reset = 0x02;
    constexpr std::uint8_t with_id = 0x08;
    constexpr std::uint8_t reserved = 0xc0;
    constexpr std::array<std::size_t, 4> number_sizes = {1, 2, 4, 6};
    const std::uint8_t flags = reader.u8();
    reader.bytes(8);
    const unsigned version = version_of(reader.bytes(4));
    reader.bytes(number_sizes[flags >> 4U & 3U] + hash_size);
    if (version <= 33)
        reader.u8();
    return reader.ok() && version >= 24 && version <= 43 &&
           (flags & (with_version | with_id | reset | reserved)) == (with_version | with_id);
}

// The STREAM frame of the handshake's stream, 1, at its start; PADDING may precede it.
bool skip_stream_header(ByteReader& reader) {
    std::uint8_t type = 0;
    while (type == 0 && !reader.empty())
        type = reader.u8();
    const unsigned offset_size = type >> 2U & 7U;
    const Bytes id = reader.bytes((type & 3U) + 1U);
    const Bytes offset = reader.bytes(offset_size == 0 ? 0 : offset_size + 1);
    const bool with_length = (type & 0x20U) != 0;
    reader.bytes(with_length ? 2 : 0);
    const auto sum = [](Bytes octets) { return std::accumulate(octets.begin(), octets.end(), 0U); };
    return reader.ok() && (type & 0x80U) != 0 && sum(id) == 1 && sum(offset) == 0;
}

// What the client's first handshake message follows.
std::optional<ByteReader> read_handshake(Bytes datagram) {
    for (const auto skip_header : {skip_long_header, skip_public_header}) {
        ByteReader reader(datagram);
        if (skip_header(reader) && skip_stream_header(reader) &&
            text_of(reader.bytes(4)) == "CHLO"sv)
            return reader;
    }
    return std::nullopt;
}

// Of little-endian fields.
std::uint32_t reversed(std::uint32_t value) {
    return __builtin_bswap32(value);
}

}  // namespace

std::optional<Bytes> server_name(Bytes datagram) {
    auto message = read_handshake(datagram);
    if (!message)
        return std::nullopt;
    ByteReader& reader = *message;
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
