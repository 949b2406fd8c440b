#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "classifiers/dns/dns_message.hpp"
#include "tests/unit/wire.hpp"

/// DNS messages written field by field, for tests.
namespace octroi::dns_wire {

using wire::Buffer;

inline constexpr std::size_t a = 1;
inline constexpr std::size_t cname = 5;
inline constexpr std::size_t aaaa = 28;
inline constexpr std::size_t svcb = 64;
inline constexpr std::size_t https = 65;

// RFC 1035 3.1: labels, then the root.
[[nodiscard]] inline Buffer labels(std::string_view name) {
    wire::Fields fields;
    while (!name.empty()) {
        const std::size_t dot = std::min(name.find('.'), name.size());
        fields.vector8(wire::text(name.substr(0, dot)));
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    return fields.u8(0).take();
}

// RFC 1035 4.1.4
[[nodiscard]] inline Buffer pointer(std::size_t offset) {
    return wire::Fields().u16(0xc000 | offset).take();
}

inline const Buffer question_name = pointer(12);  // behind the header

// RFC 1035 4.1.3
struct Record {
    Buffer owner = question_name;
    std::size_t type = a;
    Buffer data = {};
    std::size_t record_class = 1;  // internet
    std::size_t ttl = 300;
};

struct Message {
    std::size_t flags = 0x8180;  // response, recursion desired and available, no error
    std::size_t questions = 1;
    Buffer question = labels("www.example.org");
    std::vector<Record> answers = {};
    std::size_t type = a;  // asked for
};

[[nodiscard]] inline Buffer message(const Message& content) {
    wire::Fields fields;
    fields.u16(0x1234)
        .u16(content.flags)
        .u16(content.questions)
        .u16(content.answers.size())
        .u16(0)                   // authority
        .u16(0)                   // additional
        .bytes(content.question)  // name
        .u16(content.type)        // type
        .u16(1);                  // class
    for (const Record& record : content.answers)
        fields.bytes(record.owner)
            .u16(record.type)
            .u16(record.record_class)
            .u32(record.ttl)
            .vector16(record.data);
    return fields.take();
}

// The octets of an address on the wire.
[[nodiscard]] inline Buffer octets(std::string_view address) {
    const Address parsed = wire::address(address);
    const Bytes bytes = parsed.is_v4() ? Bytes(parsed.bytes).last(4) : Bytes(parsed.bytes);
    return {bytes.begin(), bytes.end()};
}

// RFC 9460 2.2
[[nodiscard]] inline Buffer binding(const Buffer& target, const Buffer& parameters) {
    return wire::Fields().u16(1).bytes(target).bytes(parameters).take();
}

[[nodiscard]] inline Buffer parameter(std::size_t key, const Buffer& value) {
    return wire::Fields().u16(key).vector16(value).take();
}

/// An answer with one address.
[[nodiscard]] inline Buffer answer(std::string_view name) {
    return message({.question = labels(name), .answers = {{.data = octets("192.0.2.7")}}});
}

/// The question of a response, as its client asked it.
[[nodiscard]] inline Buffer question_of(const Buffer& response) {
    Buffer question(
        response.begin(),
        response.begin() + static_cast<std::ptrdiff_t>(dns::read_preamble(response)->question_end));
    question[2] = 1;  // a query that wishes recursion
    question[3] = 0;
    std::fill(question.begin() + 6, question.begin() + 12, std::uint8_t{0});
    return question;
}

/// In a TCP stream (RFC 1035 4.2.2).
[[nodiscard]] inline Buffer prefixed(const Buffer& message) {
    return wire::Fields().vector16(message).take();
}

}  // namespace octroi::dns_wire
