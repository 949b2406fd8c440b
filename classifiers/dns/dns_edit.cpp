#include "classifiers/dns/dns_edit.hpp"

#include <algorithm>

namespace octroi::dns {
namespace {

constexpr std::uint16_t key_ech = 5;               // RFC 9848 3
constexpr std::uint16_t key_private_use = 0xff00;  // RFC 9460 14.3.2: 65280 to 65534
constexpr std::size_t opt_size = 11;               // RFC 6891 6.1.2, without options
constexpr std::size_t option_header = 4;
constexpr std::uint16_t option_padding = 12;      // RFC 7830 3
constexpr std::uint16_t udp_payload_size = 1232;  // of the OPT record: what the DNS flag day chose
constexpr unsigned name_error = 3;                // RCODE
constexpr unsigned cleared_flags = 0x0220;        // truncated, authentic data (RFC 4035 3.1.6)

void put_u16(MutableBytes bytes, std::size_t offset, std::size_t value) {
    bytes[offset] = static_cast<std::uint8_t>(value >> 8U);
    bytes[offset + 1] = static_cast<std::uint8_t>(value);
}

std::uint16_t get_u16(MutableBytes bytes, std::size_t offset) {
    return static_cast<std::uint16_t>(bytes[offset] << 8U | bytes[offset + 1]);
}

// An OPT record of exactly the size of `place`, which an option's header must fit in or fill.
bool put_padding(MutableBytes place) {
    if (place.size() != opt_size && place.size() < opt_size + option_header)
        return false;
    std::ranges::fill(place, std::uint8_t{0});
    put_u16(place, 1, RecordType::opt);
    put_u16(place, 3, udp_payload_size);
    put_u16(place, 9, place.size() - opt_size);
    if (place.size() > opt_size) {
        put_u16(place, opt_size, option_padding);
        put_u16(place, opt_size + 2, place.size() - opt_size - option_header);
    }
    return true;
}

// RFC 9460 2.2: priority, target name, then parameters in ascending order of their keys.
bool strip_record(MutableBytes message, const Record& record) {
    const Bytes bounded = Bytes(message).first(record.end());
    const auto target = read_name(bounded, record.data_start + 2);
    if (!target)
        return false;
    for (std::size_t at = target->end; at + 4 <= record.end();) {
        const std::size_t size = 4 + std::size_t{get_u16(message, at + 2)};
        if (at + size > record.end())
            return false;
        if (get_u16(message, at) != key_ech) {
            at += size;
            continue;
        }
        const MutableBytes rest = message.subspan(at, record.end() - at);
        std::ranges::rotate(rest, rest.begin() + static_cast<std::ptrdiff_t>(size));
        const MutableBytes last = rest.last(size);
        std::ranges::fill(last, std::uint8_t{0});
        put_u16(last, 0, key_private_use);
        put_u16(last, 2, size - 4);
        return true;
    }
    return false;
}

// RFC 1071: ones' complement sum of 16-bit words.
std::uint32_t add_words(std::uint32_t sum, Bytes bytes) {
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
        sum += static_cast<std::uint32_t>(bytes[i] << 8U | bytes[i + 1]);
    if (bytes.size() % 2 != 0)
        sum += static_cast<std::uint32_t>(bytes.back() << 8U);
    return sum;
}

Bytes wire_address(const Address& address) {
    return address.is_v4() ? Bytes(address.bytes).last(4) : Bytes(address.bytes);
}

}  // namespace

void refuse_name(MutableBytes message, const Preamble& preamble) {
    const std::uint16_t flags = get_u16(message, 2);
    put_u16(message, 2, (flags & ~(0x000fU | cleared_flags)) | name_error);
    const bool padded = put_padding(message.subspan(preamble.question_end));
    put_u16(message, 6, 0);                // answers
    put_u16(message, 8, 0);                // authorities
    put_u16(message, 10, padded ? 1 : 0);  // additional
}

bool strip_ech(MutableBytes message, const Preamble& preamble) {
    bool stripped = false;
    const std::size_t count = std::min<std::size_t>(preamble.records, max_records);
    std::size_t offset = preamble.question_end;
    for (std::size_t i = 0; i < count; ++i) {
        const auto record = read_record(message, offset);
        if (!record)
            break;
        const bool binding = record->type == RecordType::https || record->type == RecordType::svcb;
        if (binding && record->record_class == class_internet)
            stripped = strip_record(message, *record) || stripped;
        offset = record->end();
    }
    return stripped;
}

void write_checksum(MutableBytes segment, const Packet& packet) {
    const bool udp = packet.key.protocol() == Protocol::udp;
    const std::size_t place = udp ? 6 : 16;
    put_u16(segment, place, 0);
    std::uint32_t sum = add_words(0, wire_address(packet.source().address));
    sum = add_words(sum, wire_address(packet.destination().address));
    sum += static_cast<std::uint32_t>(packet.key.protocol());
    sum += static_cast<std::uint32_t>(segment.size());
    sum = add_words(sum, segment);
    while (sum >> 16U != 0)
        sum = (sum & 0xffffU) + (sum >> 16U);
    const auto checksum = static_cast<std::uint16_t>(~sum);
    put_u16(segment, place, udp && checksum == 0 ? 0xffff : checksum);
}

}  // namespace octroi::dns
