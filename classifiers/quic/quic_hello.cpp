#include "classifiers/quic/quic_hello.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "classifiers/tls/client_hello.hpp"

namespace octroi::quic {
namespace {

constexpr std::size_t handshake_header = 4;
// On one pair of ports.
constexpr std::size_t max_connections = 4;

// What octroi spends on the packets of one UDP payload. Of honest ones each octet is opened once.
class Effort {
  public:
    explicit Effort(Bytes payload) : octets_(4 * payload.size()) {}

    [[nodiscard]] bool spend(const LongHeader& header) {
        if (tries_ == 0 || header.packet.size() > octets_)
            return false;
        --tries_;
        octets_ -= header.packet.size();
        return true;
    }

  private:
    std::size_t octets_;
    unsigned tries_ = 128;  // the kernel puts no more datagrams together
};

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

// The size of the handshake message that a stream begins with, once its header is there.
std::optional<std::size_t> message_size(Bytes stream) {
    ByteReader reader(stream);
    reader.u8();
    const std::size_t size = handshake_header + reader.u24();
    return reader.ok() ? std::optional(size) : std::nullopt;
}

bool is_complete(Bytes stream) {
    const auto size = message_size(stream);
    return size && *size <= stream.size();
}

// RFC 8446 4.1.3: a ServerHello that asks for another ClientHello has this random.
bool is_hello_retry_request(const CryptoFrame& frame) {
    constexpr std::array<std::uint8_t, 8> start = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11};
    constexpr std::size_t random_at = 6;  // behind the message's header and the version
    return frame.offset == 0 && frame.data.size() >= random_at + start.size() &&
           std::ranges::equal(frame.data.subspan(random_at, start.size()), start);
}

Place place_of(const Peers& peers, const Identity& connection) {
    return {.client = peers.client, .server = peers.server, .connection = connection};
}

// The second ClientHello of a connection (RFC 8446 4.1.2) where it asks for the same name: it is
// kept then.
bool asks_the_same(const CryptoFrame& frame, const Place& place, Memory& memory) {
    if (frame.offset != memory.whole(place) || !is_complete(frame.data))
        return false;
    bool same = false;
    memory.for_each(place, [&](const CryptoFrame& first) {
        const auto before = tls::parse_client_hello(first.data);
        const auto now = tls::parse_client_hello(frame.data);
        same = before && now && std::ranges::equal(before->server_name, now->server_name);
        return false;
    });
    if (same)
        static_cast<void>(memory.keep_whole(place, memory.whole(place), frame.data));
    return same;
}

// Whether frames of a connection say more than what was read of it, or something else.
bool adds(const std::vector<CryptoFrame>& frames, const Place& place, Memory& memory) {
    return std::ranges::any_of(frames, [&](const CryptoFrame& frame) {
        if (frame.data.empty())
            return false;
        switch (memory.compare(place, frame)) {
            case Memory::Opinion::agrees:
                return false;
            case Memory::Opinion::differs:
                return true;
            case Memory::Opinion::unknown:
                break;
        }
        // Where the flow was decided before the ClientHello was whole, more of it changes nothing.
        const bool unfinished = memory.knows(place) && memory.whole(place) == 0;
        return !unfinished && !asks_the_same(frame, place, memory);
    });
}

}  // namespace

Hello::Result Hello::feed(const Peers& peers, Bytes payload, Opener& opener, MemoryBudget& budget) {
    const Context context{
        .peers = peers, .opener = opener, .budget = budget, .full = payload.size() >= min_datagram};
    Result result = Result::no_quic;
    LongPackets packets(payload);
    Effort effort(payload);
    while (const auto header = packets.next()) {
        if (header->type != LongHeader::Type::initial)
            continue;
        if (!effort.spend(*header))
            return Result::too_large;
        const Result fed = feed_initial(*header, context);
        if (fed > Result::complete)
            return fed;
        if (fed != Result::no_quic)
            packets.skip(*header);
        if (fed == Result::complete && result == Result::complete)
            return Result::conflict;
        result = std::max(result, fed);
    }
    return result;
}

Hello::Result Hello::feed_initial(const LongHeader& header, const Context& context) {
    Connection* connection = nullptr;
    const std::size_t before = connections_.size();
    const auto payload = unseal(header, context, connection);
    if (!payload)
        return Result::no_quic;
    if (connections_.size() > max_connections)
        return Result::conflict;
    std::vector<CryptoFrame>& frames = context.opener.frames;
    frames.clear();
    if (!read_crypto_frames(*payload, header.version, frames))
        return Result::malformed;
    Result result = Result::opened;
    if (connections_.size() > before)
        result = std::max(result, recall_for(*connection, context));
    const bool begins = connection->small && context.full;
    result = collect_all(*connection, result, context);
    if (begins) {
        // Servers must not have taken what came before.
        if (result == Result::conflict) {
            begin_anew(*connection, context);
            result = collect_all(*connection, Result::opened, context);
        }
        connection->small = false;
    }
    return result;
}

Hello::Result Hello::collect_all(Connection& connection, Result result, const Context& context) {
    for (const CryptoFrame& frame : context.opener.frames) {
        if (result > Result::complete)
            return result;
        const Result fed = collect(connection, frame, context);
        if (fed == Result::complete && result == Result::complete)
            return Result::conflict;
        result = std::max(result, fed);
    }
    return result;
}

void Hello::begin_anew(Connection& connection, const Context& context) {
    context.opener.memory.forget(place_of(context.peers, connection.identity));
    connection.taken = 0;
    connection.hellos = 0;
    connection.pending = false;
    connection.stream = TcpStream();
    connection.stream.start(0);
}

Hello::Result Hello::recall(const Peers& peers, Opener& opener, MemoryBudget& budget) {
    const Context context{.peers = peers, .opener = opener, .budget = budget, .recalled = true};
    Result result = Result::opened;
    for (Connection& connection : connections_)
        if (connection.hellos == 0)
            result = std::max(result, recall_for(connection, context));
    return result;
}

// Also of the same connection's beginnings under a decision before.
Hello::Result Hello::recall_for(Connection& connection, const Context& context) {
    Context recalled = context;
    recalled.recalled = true;
    Result result = Result::opened;
    context.opener.memory.for_each(place_of(context.peers, connection.identity),
                                   [&](const CryptoFrame& frame) {
                                       if (frame.offset >= connection.taken)
                                           result = collect(connection, frame, recalled);
                                       return result == Result::opened;
                                   });
    return result;
}

Hello::Result Hello::collect(Connection& connection, CryptoFrame frame, const Context& context) {
    if (frame.data.empty())
        return Result::opened;
    if (frame.offset >= connection.taken + TcpStream::capacity ||
        frame.offset + frame.data.size() > connection.taken + TcpStream::capacity)
        return Result::too_large;
    const Place place = place_of(context.peers, connection.identity);
    const Memory& memory = context.opener.memory;
    if (frame.offset < connection.taken) {
        const std::size_t known =
            std::min<std::size_t>(frame.data.size(), connection.taken - frame.offset);
        if (memory.compare(place, {.offset = frame.offset, .data = frame.data.first(known)}) !=
            Memory::Opinion::agrees)
            return Result::conflict;
        frame = {.offset = frame.offset + known, .data = frame.data.subspan(known)};
    }
    if (frame.data.empty())
        return Result::opened;
    if (!context.recalled && memory.compare(place, frame) == Memory::Opinion::differs)
        return Result::conflict;
    const auto offset = static_cast<std::uint32_t>(frame.offset);
    if (connection.stream.begins_with(offset) && is_complete(frame.data))
        return finish(connection, frame.data, context);
    return store(connection, frame, context);
}

Hello::Result Hello::store(Connection& connection, const CryptoFrame& frame,
                           const Context& context) {
    TcpStream& stream = connection.stream;
    connection.pending = true;
    switch (stream.insert(static_cast<std::uint32_t>(frame.offset), frame.data, context.budget)) {
        case TcpStream::Result::conflict:
            return Result::conflict;
        case TcpStream::Result::no_memory:
            return Result::no_memory;
        case TcpStream::Result::unchanged:
            break;
        case TcpStream::Result::advanced:
            if (is_complete(stream.contiguous()))
                return finish(connection, stream.contiguous(), context);
            if (message_size(stream.contiguous()).value_or(0) > TcpStream::capacity)
                return Result::too_large;
            break;
    }
    if (!context.recalled)
        context.opener.memory.note(place_of(context.peers, connection.identity), frame);
    return Result::opened;
}

Hello::Result Hello::finish(Connection& connection, Bytes stream, const Context& context) {
    const std::size_t size = message_size(stream).value_or(0);
    const TcpStream before = std::exchange(connection.stream, TcpStream());  // holds the octets
    message_ = context.opener.memory.keep_whole(place_of(context.peers, connection.identity),
                                                connection.taken, stream.first(size));
    connection.taken += static_cast<std::uint32_t>(size);
    connection.stream.start(connection.taken);
    ++connection.hellos;
    connection.pending = false;
    chosen_ = static_cast<std::size_t>(&connection - connections_.data());
    chosen_complete_ = true;
    const Bytes more = stream.subspan(size);
    if (is_complete(more))
        return Result::conflict;  // which one the server takes, it alone knows
    if (more.empty())
        return Result::complete;
    const Result kept = store(connection, {.offset = connection.taken, .data = more}, context);
    return kept == Result::no_memory ? kept : Result::complete;
}

std::optional<Bytes> Hello::unseal(const LongHeader& header, const Context& context,
                                   Connection*& connection) {
    for (Connection& known : connections_)
        if (const auto payload = unseal_for(known, header, context.opener)) {
            connection = &known;
            remember_number(known, context);
            return payload;
        }
    if (const auto payload =
            unseal_new(header, header.destination_connection_id, context, connection))
        return payload;
    if (resumed_.id.empty() || !resumed_.id.whole())
        return std::nullopt;
    return unseal_new(header, resumed_.id.bytes(), context, connection);
}

// Packets from other ports may tell the last octets of their numbers alone.
void Hello::remember_number(const Connection& connection, const Context& context) {
    constexpr std::uint64_t told_by_one_octet = 128;
    if (connection.next_number > told_by_one_octet)
        context.opener.memory.expect_number(place_of(context.peers, connection.identity),
                                            connection.next_number);
}

// A connection that starts, or starts again after a Retry, or goes on after a decision.
std::optional<Bytes> Hello::unseal_new(const LongHeader& header, Bytes id, const Context& context,
                                       Connection*& connection) {
    const InitialKeys keys = context.opener.crypto.client_keys(header.version, id);
    const Identity identity{.id = ConnectionId(id), .version = header.version};
    std::uint64_t next_number =
        context.opener.memory.expected_number(place_of(context.peers, identity));
    const auto payload = unseal_with(keys, header, context.opener, next_number);
    if (!payload)
        return payload;
    const bool resumed = !resumed_.id.empty() && identity == resumed_;
    connection = &connections_.emplace_back();
    connection->keys = keys;
    connection->octets.assign(id.begin(), id.end());
    connection->identity = identity;
    connection->next_number = next_number;
    connection->small = !context.full && !resumed;
    remember_number(*connection, context);
    if (resumed)
        connection->taken = static_cast<std::uint32_t>(
            context.opener.memory.whole(place_of(context.peers, identity)));
    connection->hellos = connection->taken > 0 ? 1 : 0;
    connection->stream.start(connection->taken);
    if (!chosen_complete_)
        chosen_ = connections_.size() - 1;
    return payload;
}

// RFC 9369 4.1: after compatible version negotiation the keys come from the first connection id.
std::optional<Bytes> Hello::unseal_for(Connection& connection, const LongHeader& header,
                                       Opener& opener) {
    if (connection.identity.version == header.version)
        return unseal_with(connection.keys, header, opener, connection.next_number);
    if (ConnectionId(header.destination_connection_id) == connection.identity.id)
        return std::nullopt;  // it begins again
    const InitialKeys keys = opener.crypto.client_keys(header.version, connection.octets);
    return unseal_with(keys, header, opener, connection.next_number);
}

// RFC 9001 5.4.1 and 5.4.2. Packet numbers of Initials are small: what is sent is the number, as a
// rule; else it is the nearest to `next_number` that ends so.
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

Hello::Answer Hello::answer(Bytes payload, Opener& opener) {
    Answer answer = Answer::none;
    LongPackets packets(payload);
    Effort effort(payload);
    while (const auto header = packets.next()) {
        if (header->type != LongHeader::Type::initial)
            continue;
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            if (!effort.spend(*header))
                return answer;
            const Answer found = answer_for(connections_[i], *header, opener);
            if (found == Answer::unfinished || i == chosen_)
                answer = std::max(answer, found);
        }
    }
    return answer;
}

// A server's first CRYPTO frames are its ServerHello: it has read a ClientHello.
Hello::Answer Hello::answer_for(Connection& connection, const LongHeader& header, Opener& opener) {
    const InitialKeys keys = opener.crypto.server_keys(header.version, connection.octets);
    std::uint64_t next_number = 0;
    const auto payload = unseal_with(keys, header, opener, next_number);
    opener.frames.clear();
    if (!payload || !read_crypto_frames(*payload, header.version, opener.frames) ||
        opener.frames.empty())
        return Answer::none;
    const bool asks_again = std::ranges::any_of(opener.frames, is_hello_retry_request);
    connection.retried |= asks_again;
    const unsigned needed = connection.retried && !asks_again ? 2 : 1;
    if (connection.hellos < needed || connection.pending)
        return Answer::unfinished;
    return asks_again ? Answer::none : Answer::taken;
}

bool Hello::begins_another(const Peers& peers, Bytes payload, const Identity& known,
                           Opener& opener) {
    LongPackets packets(payload);
    Effort effort(payload);
    while (const auto header = packets.next()) {
        if (header->type != LongHeader::Type::initial)
            continue;
        if (!effort.spend(*header))
            return true;
        if (const auto more = goes_on(peers, *header, known, opener)) {
            if (*more)
                return true;
            packets.skip(*header);
            continue;
        }
        const InitialKeys keys =
            opener.crypto.client_keys(header->version, header->destination_connection_id);
        std::uint64_t next_number = 0;
        if (unseal_with(keys, *header, opener, next_number))
            return true;
    }
    return false;
}

Hello::Beside Hello::beside(const Peers& peers, Bytes payload, const Identity& before,
                            const Identity& now, Opener& opener) {
    LongPackets packets(payload);
    Effort effort(payload);
    while (const auto header = packets.next()) {
        if (header->type != LongHeader::Type::initial)
            continue;
        const auto opens = [&](Bytes id) {
            const InitialKeys keys = opener.crypto.client_keys(header->version, id);
            std::uint64_t next_number = 0;
            return !id.empty() && unseal_with(keys, *header, opener, next_number).has_value();
        };
        if (!effort.spend(*header))
            return Beside::same;
        if (const auto more = goes_on(peers, *header, before, opener)) {
            if (*more)
                return Beside::same;
            packets.skip(*header);
        } else if (opens(now.id.bytes())) {
            return Beside::same;
        } else if (opens(header->destination_connection_id)) {
            return Beside::another;
        }
    }
    return Beside::none;
}

// Nothing where the packet is not of the known connection; else whether it tells more.
std::optional<bool> Hello::goes_on(const Peers& peers, const LongHeader& header,
                                   const Identity& known, Opener& opener) {
    const bool same_id = ConnectionId(header.destination_connection_id) == known.id;
    if (known.id.empty() || (same_id ? header.version != known.version : !known.id.whole()))
        return std::nullopt;
    const InitialKeys keys = opener.crypto.client_keys(
        header.version, same_id ? header.destination_connection_id : known.id.bytes());
    std::uint64_t next_number = 0;
    const auto payload = unseal_with(keys, header, opener, next_number);
    if (!payload)
        return std::nullopt;
    opener.frames.clear();
    return read_crypto_frames(*payload, header.version, opener.frames) &&
           adds(opener.frames, place_of(peers, known), opener.memory);
}

}  // namespace octroi::quic
