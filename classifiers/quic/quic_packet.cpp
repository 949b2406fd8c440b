#include "classifiers/quic/quic_packet.hpp"

#include <cstring>

#include "classifiers/quic/quic_crypto.hpp"

namespace octroi::quic {
namespace {

constexpr std::uint64_t max_frames = 1024;
// The first octets of the versions in quic_crypto.hpp; each of them is looked for by memchr.
constexpr std::array<std::uint8_t, 5> version_starts = {0x00, 0x6b, 0xff, 0xfa, 0x54};
constexpr std::size_t version_size = 4;

// RFC 9000 16: the two high bits of the first octet give the length.
std::uint64_t read_varint(ByteReader& reader) {
    const std::uint8_t first = reader.u8();
    std::uint64_t value = first & 0x3fU;
    for (unsigned left = (1U << (first >> 6U)) - 1; left > 0; --left)
        value = value << 8U | reader.u8();
    return value;
}

// RFC 9000 17.2, RFC 9369 3.2: version 2 numbers the types anew.
LongHeader::Type type_of(std::uint8_t first, std::uint32_t version) {
    const unsigned bits = first >> 4U & 3U;
    const bool v2 = version == static_cast<std::uint32_t>(Version::v2);
    switch (v2 ? (bits + 3U) % 4U : bits) {
        case 0:
            return LongHeader::Type::initial;
        case 1:
            return LongHeader::Type::zero_rtt;
        case 2:
            return LongHeader::Type::handshake;
        default:
            return LongHeader::Type::retry;
    }
}

Bytes read_connection_id(ByteReader& reader) {
    const std::size_t size = reader.u8();
    return reader.bytes(size);
}

// RFC 9000 19.3: ranges and, in type 3, the ECN counts.
bool skip_ack(ByteReader& reader, bool with_ecn) {
    read_varint(reader);  // largest acknowledged
    read_varint(reader);  // delay
    const std::uint64_t ranges = read_varint(reader);
    read_varint(reader);  // first range
    if (ranges > max_frames)
        return false;
    for (std::uint64_t i = 0; i < ranges && reader.ok(); ++i) {
        read_varint(reader);
        read_varint(reader);
    }
    for (int i = 0; with_ecn && i < 3; ++i)
        read_varint(reader);
    return reader.ok();
}

// RFC 9000 19.19, type 0x1c: error code, frame type, reason.
bool skip_connection_close(ByteReader& reader) {
    read_varint(reader);
    read_varint(reader);
    const std::uint64_t length = read_varint(reader);
    reader.bytes(length);
    return reader.ok();
}

// RFC 9000 19.6: offset, length, data.
bool read_crypto_frame(ByteReader& reader, std::vector<CryptoFrame>& frames) {
    CryptoFrame frame{.offset = read_varint(reader), .data = {}};
    frame.data = reader.bytes(read_varint(reader));
    if (!reader.ok() || frames.size() == max_frames)
        return false;
    frames.push_back(frame);
    return true;
}

std::uint32_t version_at(Bytes bytes, std::size_t at) {
    return ByteReader(bytes.subspan(at, version_size)).u32();
}

}  // namespace

std::expected<LongHeader, HeaderError> read_long_header(Bytes datagram) {
    ByteReader reader(datagram);
    const std::uint8_t first = reader.u8();
    LongHeader header;
    header.version = reader.u32();
    if (!reader.ok() || (first & 0x80U) == 0)
        return std::unexpected(HeaderError::not_long);
    const bool negotiation = header.version == 0;
    if (!negotiation && !is_supported(header.version))
        return std::unexpected(HeaderError::not_long);
    header.destination_connection_id = read_connection_id(reader);
    header.source_connection_id = read_connection_id(reader);
    header.packet = datagram;
    header.type =
        negotiation ? LongHeader::Type::version_negotiation : type_of(first, header.version);
    if (!reader.ok())
        return std::unexpected(HeaderError::malformed);
    if (negotiation || header.type == LongHeader::Type::retry)
        return header;
    if (header.type == LongHeader::Type::initial)
        reader.bytes(read_varint(reader));  // token
    const std::uint64_t length = read_varint(reader);
    const Bytes protected_part = reader.bytes(length);
    if (!reader.ok())
        return std::unexpected(HeaderError::malformed);
    header.packet_number_offset = datagram.size() - reader.rest().size() - protected_part.size();
    header.packet = datagram.first(header.packet_number_offset + protected_part.size());
    return header;
}

std::optional<Invariants> read_invariants(Bytes datagram) {
    ByteReader reader(datagram);
    const std::uint8_t first = reader.u8();
    Invariants found;
    found.version = reader.u32();
    found.destination_connection_id = read_connection_id(reader);
    found.source_connection_id = read_connection_id(reader);
    if (!reader.ok() || (first & 0x80U) == 0 || found.version == 0)
        return std::nullopt;
    return found;
}

std::optional<LongHeader> LongPackets::next() {
    while (const auto start = next_start()) {
        at_ = *start + 1;
        const auto header = read_long_header(payload_.subspan(*start));
        if (!header || (!begun_ && *start != 0 && *start < header->packet.size()))
            continue;
        begun_ = true;
        return *header;
    }
    return std::nullopt;
}

void LongPackets::skip(const LongHeader& opened) {
    at_ = static_cast<std::size_t>(opened.packet.data() - payload_.data()) + opened.packet.size();
}

bool LongPackets::starts_before(std::size_t version) const {
    return (payload_[version - 1] & 0x80U) != 0 && is_supported(version_at(payload_, version));
}

// Where the first bit is set and a version that octroi knows follows.
std::optional<std::size_t> LongPackets::next_start() {
    // As most do, without a search.
    if (at_ == 0 && payload_.size() > version_size && starts_before(1)) {
        at_ = 1;
        return 0;
    }
    while (true) {
        std::size_t nearest = payload_.size();
        for (std::size_t i = 0; i < version_starts.size(); ++i) {
            std::size_t& place = version_at_[i];
            if (place < at_ + 1) {
                const Bytes rest = payload_.subspan(std::min(at_ + 1, payload_.size()));
                const void* found = rest.empty()
                                        ? nullptr
                                        : std::memchr(rest.data(), version_starts[i], rest.size());
                place = found == nullptr
                            ? payload_.size()
                            : static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) -
                                                       payload_.data());
            }
            nearest = std::min(nearest, place);
        }
        if (nearest + version_size > payload_.size())
            return std::nullopt;
        at_ = nearest;
        if (starts_before(nearest))
            return nearest - 1;
    }
}

bool read_crypto_frames(Bytes payload, std::uint32_t version, std::vector<CryptoFrame>& frames) {
    const bool google = version == static_cast<std::uint32_t>(Version::t050) ||
                        version == static_cast<std::uint32_t>(Version::t051);
    ByteReader reader(payload);
    while (!reader.empty()) {
        const std::uint8_t type = reader.u8();
        switch (google && type == 0x08 ? 0x06 : type) {
            case 0x00:  // PADDING
            case 0x01:  // PING
                break;
            case 0x02:
                if (!skip_ack(reader, false))
                    return false;
                break;
            case 0x03:
                if (!skip_ack(reader, true))
                    return false;
                break;
            case 0x06:
                if (!read_crypto_frame(reader, frames))
                    return false;
                break;
            case 0x1c:
                if (!skip_connection_close(reader))
                    return false;
                break;
            default:
                return false;
        }
    }
    return reader.ok();
}

}  // namespace octroi::quic
