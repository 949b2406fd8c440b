#include "classifiers/quic_hello.hpp"

#include <algorithm>

namespace octroi::quic {
namespace {

constexpr std::size_t max_coalesced = 64;
constexpr std::size_t handshake_header = 4;
// On one pair of ports, all with a ClientHello that is not complete.
constexpr std::size_t max_connections = 4;

// A datagram may end in zeros behind its last packet (Firefox pads so), also between datagrams that
// the kernel put together.
Bytes without_leading_zeros(Bytes bytes) {
    const auto start = std::ranges::find_if(bytes, [](std::uint8_t octet) { return octet != 0; });
    return bytes.subspan(static_cast<std::size_t>(start - bytes.begin()));
}

// RFC 9000 A.3: of the numbers that end in what was sent, the nearest to `expected`.
std::uint64_t whole_number(std::uint64_t sent, std::size_t size, std::uint64_t expected) {
    const std::uint64_t window = std::uint64_t{1} << (8 * size);
    const std::uint64_t candidate = (expected & ~(window - 1)) | sent;
    if (candidate + window / 2 <= expected)
        return candidate + window;
    if (candidate > expected + window / 2 && candidate >= window)
        return candidate - window;
    return candidate;
}

}  // namespace

Hello::Result Hello::feed(Bytes datagram, Opener& opener, MemoryBudget& budget) {
    Result result = Result::no_quic;
    for (std::size_t i = 0; i < max_coalesced && !datagram.empty(); ++i) {
        const auto header = read_long_header(datagram);
        if (!header)
            return result;
        datagram = without_leading_zeros(datagram.subspan(header->packet.size()));
        if (header->type != LongHeader::Type::initial)
            continue;
        const Result fed = feed_initial(*header, opener, budget);
        if (fed != Result::no_quic && fed != Result::opened)
            return fed;
        result = std::max(result, fed);
    }
    return result;
}

Hello::Result Hello::feed_initial(const LongHeader& header, Opener& opener, MemoryBudget& budget) {
    const auto opened = unseal(header, opener);
    if (!opened)
        return Result::no_quic;
    if (connections_.size() > max_connections)
        return Result::conflict;
    opener.frames.clear();
    if (!read_crypto_frames(opened->payload, header.version, opener.frames))
        return Result::malformed;
    for (const CryptoFrame& frame : opener.frames) {
        const Result result = collect(opened->connection.stream, frame, budget);
        if (result != Result::opened)
            return result;
    }
    return Result::opened;
}

Hello::Result Hello::collect(TcpStream& stream, const CryptoFrame& frame, MemoryBudget& budget) {
    if (frame.offset >= TcpStream::capacity)
        return Result::opened;
    const auto offset = static_cast<std::uint32_t>(frame.offset);
    if (stream.begins_with(offset) && check_complete(frame.data))
        return Result::complete;
    switch (stream.insert(offset, frame.data, budget)) {
        case TcpStream::Result::conflict:
            return Result::conflict;
        case TcpStream::Result::no_memory:
            return Result::no_memory;
        case TcpStream::Result::unchanged:
            return Result::opened;
        case TcpStream::Result::advanced:
            return check_complete(stream.contiguous()) ? Result::complete : Result::opened;
    }
    return Result::opened;
}

bool Hello::check_complete(Bytes stream) {
    ByteReader reader(stream);
    reader.u8();
    const std::size_t length = handshake_header + reader.u24();
    if (!reader.ok() || stream.size() < length)
        return false;
    message_ = stream.first(length);
    return true;
}

std::optional<Hello::Opened> Hello::unseal(const LongHeader& header, Opener& opener) {
    for (Connection& connection : connections_)
        if (const auto payload = unseal_for(connection, header, opener))
            return Opened{.connection = connection, .payload = *payload};
    const InitialKeys keys =
        opener.crypto.client_keys(header.version, header.destination_connection_id);
    std::uint64_t next_number = 0;
    const auto payload = unseal_with(keys, header, opener, next_number);
    if (!payload)
        return std::nullopt;
    return Opened{.connection = adopt(keys, header, next_number), .payload = *payload};
}

bool Hello::begins_another(Bytes datagram, const ConnectionId& known, Opener& opener) {
    const auto header = read_long_header(datagram);
    if (!header || header->type != LongHeader::Type::initial ||
        ConnectionId(header->destination_connection_id) == known)
        return false;
    std::uint64_t next_number = 0;
    return unseal_with(
               opener.crypto.client_keys(header->version, header->destination_connection_id),
               *header, opener, next_number)
        .has_value();
}

// RFC 9369 4.1: after compatible version negotiation the keys come from the first connection id.
std::optional<Bytes> Hello::unseal_for(Connection& connection, const LongHeader& header,
                                       Opener& opener) {
    if (connection.version == header.version)
        return unseal_with(connection.keys, header, opener, connection.next_number);
    const InitialKeys keys = opener.crypto.client_keys(header.version, connection.id.bytes());
    return unseal_with(keys, header, opener, connection.next_number);
}

// A connection that starts, or starts again after a Retry: its CRYPTO stream starts at 0.
Hello::Connection& Hello::adopt(const InitialKeys& keys, const LongHeader& header,
                                std::uint64_t next_number) {
    version_ = header.version;
    Connection& connection = connections_.emplace_back();
    connection.keys = keys;
    connection.version = header.version;
    connection.next_number = next_number;
    connection.id = ConnectionId(header.destination_connection_id);
    connection.stream.start(0);
    return connection;
}

// RFC 9001 5.4.1 and 5.4.2. Packet numbers of a client's Initials are small: what is sent is the
// number, as a rule; else it is the nearest to `next_number` that ends so.
std::optional<Bytes> Hello::unseal_with(const InitialKeys& keys, const LongHeader& header,
                                        Opener& opener, std::uint64_t& next_number) {
    const std::size_t start = header.packet_number_offset;
    constexpr std::size_t longest_number = 4;
    if (header.packet.size() < start + longest_number + Crypto::sample_size)
        return std::nullopt;
    const auto mask = opener.crypto.header_mask(
        keys, header.packet.subspan(start + longest_number, Crypto::sample_size));
    const std::uint8_t first = header.packet[0] ^ (mask[0] & 0x0fU);
    const std::size_t number_size = (first & 3U) + 1U;

    opener.plain.assign(header.packet.begin(), header.packet.end());
    opener.plain[0] = first;
    std::uint64_t sent = 0;
    for (std::size_t i = 0; i < number_size; ++i) {
        opener.plain[start + i] ^= mask[i + 1];
        sent = sent << 8U | opener.plain[start + i];
    }
    const std::size_t header_size = start + number_size;
    const Bytes sealed = header.packet.subspan(header_size);
    const Bytes opened_header = Bytes(opener.plain).first(header_size);
    std::uint8_t* output = opener.plain.data() + header_size;
    const auto opens_as = [&](std::uint64_t number) {
        if (!opener.crypto.open(keys, number, opened_header, sealed, output))
            return false;
        next_number = std::max(next_number, number + 1);
        return true;
    };
    const std::uint64_t nearest = whole_number(sent, number_size, next_number);
    if (!opens_as(sent) && (nearest == sent || !opens_as(nearest)))
        return std::nullopt;
    return Bytes(output, sealed.size() - Crypto::tag_size);
}

}  // namespace octroi::quic
