#include "classifiers/dns/dns_message.hpp"

#include <algorithm>

namespace octroi::dns {
namespace {

constexpr std::size_t max_name = 255;  // RFC 1035 2.3.4
constexpr std::size_t max_messages = 64;

// A dot inside a label would read as the end of one.
char lower(std::uint8_t octet) {
    if (octet == '.')
        return '?';
    return static_cast<char>(octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet);
}

Bytes from(Bytes message, std::size_t offset) {
    return message.subspan(std::min(offset, message.size()));
}

}  // namespace

// Each pointer must point before the place that the name was read from so far, so the walk ends.
// None may point into the header: no name stands there, and it changes where an answer is edited.
// One loop of the RFC, clearer in one piece.
// NOLINTNEXTLINE(readability-function-cognitive-complexity)
std::optional<Name> read_name(Bytes message, std::size_t offset) {
    Name name;
    ByteReader here(from(message, offset));
    std::size_t limit = offset;
    const auto position = [&] { return message.size() - here.rest().size(); };
    while (true) {
        const std::uint8_t length = here.u8();
        const bool pointer = (length & 0xc0U) == 0xc0;
        const std::size_t target = pointer ? (length & 0x3fU) << 8U | here.u8() : 0;
        if (!here.ok() || (!pointer && (length & 0xc0U) != 0))
            return std::nullopt;
        if (name.end == 0 && (pointer || length == 0))
            name.end = position();
        if (length == 0)
            return name;
        if (pointer) {
            if (target >= limit || target < header_size)
                return std::nullopt;
            limit = target;
            here = ByteReader(from(message, target));
            continue;
        }
        const Bytes label = here.bytes(length);
        if (!here.ok() || name.text.size() + label.size() + 1 > max_name)
            return std::nullopt;
        if (!name.text.empty())
            name.text += '.';
        std::ranges::transform(label, std::back_inserter(name.text), lower);
    }
}

std::expected<Preamble, Problem> read_preamble(Bytes message) {
    ByteReader reader(message);
    reader.u16();  // identifier
    const std::uint16_t flags = reader.u16();
    const std::uint16_t questions = reader.u16();
    Preamble preamble{.response = (flags & 0x8000U) != 0, .code = flags & 0x0fU};
    preamble.answers = reader.u16();
    const std::uint32_t others = reader.u16() + std::uint32_t{reader.u16()};
    preamble.records = static_cast<std::uint16_t>(std::min(preamble.answers + others, 0xffffU));
    const bool standard_query = (flags & 0x7800U) == 0;
    if (!reader.ok() || !standard_query || questions != 1)
        return std::unexpected(Problem::not_an_answer);
    auto name = read_name(message, header_size);
    if (!name)
        return std::unexpected(Problem::malformed);
    preamble.question_end = name->end + 4;  // type and class
    if (preamble.question_end > message.size())
        return std::unexpected(Problem::malformed);
    preamble.name = std::move(name->text);
    return preamble;
}

std::optional<Record> read_record(Bytes message, std::size_t offset) {
    const auto owner = read_name(message, offset);
    if (!owner)
        return std::nullopt;
    ByteReader reader(from(message, owner->end));
    Record record{.type = reader.u16(), .record_class = reader.u16(), .ttl = reader.u32()};
    record.data_size = reader.u16();
    record.data_start = message.size() - reader.rest().size();
    reader.bytes(record.data_size);
    return reader.ok() ? std::optional(record) : std::nullopt;
}

bool is_whole(Bytes message) {
    const auto preamble = read_preamble(message);
    if (!preamble || preamble->records > max_records)
        return false;
    std::size_t end = preamble->question_end;
    for (std::uint16_t i = 0; i < preamble->records; ++i) {
        const auto record = read_record(message, end);
        if (!record)
            return false;
        end = record->end();
    }
    return end == message.size();
}

std::vector<Bytes> messages_in(const Packet& packet) {
    if (packet.source().port != port && packet.destination().port != port)
        return {};
    if (packet.key.protocol() == Protocol::udp)
        return {packet.payload};
    std::vector<Bytes> messages;
    Bytes rest = packet.payload;
    while (rest.size() > header_size && messages.size() < max_messages) {
        ByteReader reader(rest);
        const std::size_t size = reader.u16();
        messages.push_back(reader.rest().first(std::min(size, reader.rest().size())));
        rest = from(rest, 2 + size);
    }
    return messages;
}

}  // namespace octroi::dns
