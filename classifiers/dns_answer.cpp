#include "classifiers/dns_answer.hpp"

#include <algorithm>
#include <optional>

namespace octroi::dns {
namespace {

constexpr std::size_t max_name = 255;  // RFC 1035 2.3.4
constexpr std::size_t max_records = 64;

enum Type : std::uint8_t { a = 1, cname = 5, aaaa = 28, svcb = 64, https = 65 };

constexpr std::uint16_t class_internet = 1;

char lower(std::uint8_t octet) {
    return static_cast<char>(octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet);
}

// Reads labels at `reader` and follows pointers (RFC 1035 4.1.4); each must point before the place
// that the name was read from so far, so the walk ends.
// One loop of the RFC, clearer in one piece.
// NOLINTNEXTLINE(readability-function-cognitive-complexity)
std::optional<std::string> read_name(Bytes message, ByteReader& reader) {
    std::string name;
    ByteReader here = reader;
    std::size_t limit = message.size() - reader.rest().size();
    bool jumped = false;
    while (true) {
        const std::uint8_t length = here.u8();
        if (!here.ok())
            return std::nullopt;
        if ((length & 0xc0U) == 0xc0) {
            const std::size_t target = (length & 0x3fU) << 8U | here.u8();
            if (!jumped)
                reader = here;
            if (!here.ok() || target >= limit)
                return std::nullopt;
            limit = target;
            jumped = true;
            here = ByteReader(message.subspan(target));
            continue;
        }
        if ((length & 0xc0U) != 0)
            return std::nullopt;
        if (length == 0)
            break;
        const Bytes label = here.bytes(length);
        if (!here.ok() || name.size() + label.size() + 1 > max_name)
            return std::nullopt;
        if (!name.empty())
            name += '.';
        std::ranges::transform(label, std::back_inserter(name), lower);
    }
    if (!jumped)
        reader = here;
    return name;
}

struct Header {
    bool response = false;
    unsigned code = 0;
    std::uint16_t questions = 0;
    std::uint16_t answers = 0;
};

std::optional<Header> read_header(ByteReader& reader) {
    reader.u16();  // identifier
    const std::uint16_t flags = reader.u16();
    Header header{.response = (flags & 0x8000U) != 0, .code = flags & 0x0fU};
    header.questions = reader.u16();
    header.answers = reader.u16();
    reader.u32();  // authority and additional counts
    const bool standard_query = (flags & 0x7800U) == 0;
    return reader.ok() && standard_query ? std::optional(header) : std::nullopt;
}

void add_address(Answer& answer, Bytes octets, std::uint32_t ttl) {
    Address address;
    if (octets.size() == 4)
        address = v4_address({octets[0], octets[1], octets[2], octets[3]});
    else
        std::ranges::copy(octets, address.bytes.begin());
    answer.addresses.push_back({.address = address, .ttl = ttl});
}

// RFC 9460 2.2: priority, target name, parameters; ipv4hint is key 4, ipv6hint key 6.
bool read_service_binding(Answer& answer, Bytes message, ByteReader data, std::uint32_t ttl) {
    data.u16();  // priority
    const auto target = read_name(message, data);
    if (!target)
        return false;
    if (!target->empty())
        answer.names.push_back(*target);
    while (data.ok() && !data.empty()) {
        const std::uint16_t key = data.u16();
        ByteReader value = data.nested(data.u16());
        const std::size_t size = key == 4 ? 4 : 16;
        while ((key == 4 || key == 6) && value.ok() && !value.empty()) {
            const Bytes octets = value.bytes(size);
            if (value.ok())
                add_address(answer, octets, ttl);
        }
    }
    return data.ok();
}

bool read_record(Answer& answer, Bytes message, ByteReader& reader) {
    if (!read_name(message, reader))
        return false;
    const std::uint16_t type = reader.u16();
    const std::uint16_t record_class = reader.u16();
    const std::uint32_t ttl = reader.u32();
    const std::size_t length = reader.u16();
    const std::size_t start = message.size() - reader.rest().size();
    const Bytes data = reader.bytes(length);
    if (!reader.ok())
        return false;
    if (record_class != class_internet)
        return true;
    // A name inside the data may point back into the whole message: read it there, bounded by the
    // data.
    ByteReader inside(message.first(start + length));
    inside.bytes(start);
    if ((type == Type::a && length == 4) || (type == Type::aaaa && length == 16)) {
        add_address(answer, data, ttl);
    } else if (type == Type::cname) {
        const auto target = read_name(message.first(start + length), inside);
        if (!target)
            return false;
        answer.names.push_back(*target);
    } else if (type == Type::https || type == Type::svcb) {
        return read_service_binding(answer, message.first(start + length), inside, ttl);
    }
    return true;
}

}  // namespace

std::expected<std::string, Problem> parse_question(Bytes message) {
    ByteReader reader(message);
    const auto header = read_header(reader);
    if (!header || header->questions == 0)
        return std::unexpected(Problem::not_an_answer);
    auto name = read_name(message, reader);
    reader.u32();  // type and class
    if (!name || !reader.ok())
        return std::unexpected(Problem::malformed);
    return std::move(*name);
}

std::expected<Answer, Problem> parse_answer(Bytes message) {
    ByteReader reader(message);
    const auto header = read_header(reader);
    if (!header || !header->response || header->code != 0 || header->questions != 1)
        return std::unexpected(Problem::not_an_answer);
    Answer answer;
    auto question = read_name(message, reader);
    reader.u32();  // type and class
    if (!question || !reader.ok())
        return std::unexpected(Problem::malformed);
    answer.names.push_back(std::move(*question));
    const std::size_t count = std::min<std::size_t>(header->answers, max_records);
    for (std::size_t i = 0; i < count; ++i)
        if (!read_record(answer, message, reader))
            return std::unexpected(Problem::malformed);
    return answer;
}

}  // namespace octroi::dns
