#include "classifiers/dns/dns_answer.hpp"

#include <algorithm>

namespace octroi::dns {
namespace {

void add_address(Answer& answer, Bytes octets, std::uint32_t ttl) {
    Address address;
    if (octets.size() == 4)
        address = v4_address({octets[0], octets[1], octets[2], octets[3]});
    else
        std::ranges::copy(octets, address.bytes.begin());
    answer.addresses.push_back({.address = address, .ttl = ttl});
}

// RFC 9460 2.2: priority, target name, parameters; ipv4hint is key 4, ipv6hint key 6.
bool read_service_binding(Answer& answer, Bytes message, const Record& record) {
    const Bytes bounded = message.first(record.end());
    const auto target = read_name(bounded, record.data_start + 2);
    if (!target)
        return false;
    if (!target->text.empty())
        answer.names.push_back(target->text);
    ByteReader data(bounded.subspan(target->end));
    while (data.ok() && !data.empty()) {
        const std::uint16_t key = data.u16();
        ByteReader value = data.nested(data.u16());
        const std::size_t size = key == 4 ? 4 : 16;
        while ((key == 4 || key == 6) && value.ok() && !value.empty()) {
            const Bytes octets = value.bytes(size);
            if (value.ok())
                add_address(answer, octets, record.ttl);
        }
    }
    return data.ok();
}

bool read_into(Answer& answer, Bytes message, const Record& record) {
    if (record.record_class != class_internet)
        return true;
    const Bytes data = message.subspan(record.data_start, record.data_size);
    switch (record.type) {
        case RecordType::a:
        case RecordType::aaaa:
            if (data.size() == (record.type == RecordType::a ? 4U : 16U))
                add_address(answer, data, record.ttl);
            return true;
        case RecordType::cname: {
            // It may point back into the whole message.
            auto target = read_name(message.first(record.end()), record.data_start);
            if (target)
                answer.names.push_back(std::move(target->text));
            return target.has_value();
        }
        case RecordType::https:
        case RecordType::svcb:
            return read_service_binding(answer, message, record);
        default:
            return true;
    }
}

}  // namespace

std::expected<Answer, Problem> parse_answer(Bytes message) {
    auto preamble = read_preamble(message);
    if (!preamble)
        return std::unexpected(preamble.error());
    if (!preamble->response || preamble->code != 0)
        return std::unexpected(Problem::not_an_answer);
    Answer answer;
    answer.names.push_back(std::move(preamble->name));
    const std::size_t count = std::min<std::size_t>(preamble->answers, max_records);
    std::size_t offset = preamble->question_end;
    for (std::size_t i = 0; i < count; ++i) {
        const auto record = read_record(message, offset);
        if (!record || !read_into(answer, message, *record))
            return std::unexpected(Problem::malformed);
        offset = record->end();
    }
    return answer;
}

}  // namespace octroi::dns
