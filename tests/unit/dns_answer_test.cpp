#include "classifiers/dns_answer.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using dns::Problem;
using wire::Buffer;
using Names = std::vector<std::string>;

namespace {

constexpr std::size_t a = 1;
constexpr std::size_t cname = 5;
constexpr std::size_t aaaa = 28;
constexpr std::size_t svcb = 64;
constexpr std::size_t https = 65;

// RFC 1035 3.1: labels, then the root.
Buffer labels(std::string_view name) {
    wire::Fields fields;
    while (!name.empty()) {
        const std::size_t dot = std::min(name.find('.'), name.size());
        fields.vector8(wire::text(name.substr(0, dot)));
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    return fields.u8(0).take();
}

// RFC 1035 4.1.4
Buffer pointer(std::size_t offset) {
    return wire::Fields().u16(0xc000 | offset).take();
}

const Buffer question_name = pointer(12);  // behind the header

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
};

Buffer message(const Message& content) {
    wire::Fields fields;
    fields.u16(0x1234)
        .u16(content.flags)
        .u16(content.questions)
        .u16(content.answers.size())
        .u16(0)                   // authority
        .u16(0)                   // additional
        .bytes(content.question)  // name
        .u16(a)                   // type
        .u16(1);                  // class
    for (const Record& record : content.answers)
        fields.bytes(record.owner)
            .u16(record.type)
            .u16(record.record_class)
            .u32(record.ttl)
            .vector16(record.data);
    return fields.take();
}

// Where the question and the first record's data stand with the question above.
constexpr std::size_t question_end = 12 + 17 + 4;
constexpr std::size_t first_data = question_end + 2 + 10;

Buffer octets(std::string_view address) {
    const Address parsed = wire::address(address);
    const Bytes bytes = parsed.is_v4() ? Bytes(parsed.bytes).last(4) : Bytes(parsed.bytes);
    return {bytes.begin(), bytes.end()};
}

// RFC 9460 2.2
Buffer binding(const Buffer& target, const Buffer& parameters) {
    return wire::Fields().u16(1).bytes(target).bytes(parameters).take();
}

Buffer parameter(std::size_t key, const Buffer& value) {
    return wire::Fields().u16(key).vector16(value).take();
}

Names addresses_of(const dns::Answer& answer) {
    Names texts;
    for (const dns::Answer::Record& record : answer.addresses)
        texts.push_back(to_string(record.address));
    return texts;
}

dns::Answer read(const Message& content) {
    const Buffer bytes = message(content);
    const auto answer = dns::parse_answer(bytes);
    REQUIRE(answer);
    return *answer;
}

Problem problem(const Message& content) {
    const Buffer bytes = message(content);
    const auto answer = dns::parse_answer(bytes);
    REQUIRE_FALSE(answer);
    return answer.error();
}

}  // namespace

TEST_SUITE("dns answer") {
    TEST_CASE("addresses of both families with their time to live") {
        const auto answer = read({.answers = {{.data = octets("192.0.2.7"), .ttl = 60},
                                              {.type = aaaa, .data = octets("2001:db8::7")}}});
        CHECK(answer.names == Names{"www.example.org"});
        CHECK(addresses_of(answer) == Names{"192.0.2.7", "2001:db8::7"});
        CHECK(answer.addresses[0].ttl == 60);
        CHECK(answer.addresses[1].ttl == 300);
    }

    TEST_CASE("a chain of CNAME records is named in order") {
        const auto answer =
            read({.answers = {{.type = cname, .data = labels("cdn.example.net")},
                              {.owner = labels("cdn.example.net"),
                               .type = cname,
                               .data = labels("Edge.Example.COM")},
                              {.owner = labels("edge.example.com"), .data = octets("192.0.2.7")}}});
        CHECK(answer.names == Names{"www.example.org", "cdn.example.net", "edge.example.com"});
        CHECK(addresses_of(answer) == Names{"192.0.2.7"});
    }

    TEST_CASE("names are told in lower case") {
        CHECK(read({.question = labels("WWW.Example.ORG")}).names == Names{"www.example.org"});
    }

    TEST_CASE("a name may end in a pointer, and pointers may lead to pointers") {
        // "cdn" and a pointer to "example.org" in the question.
        const Buffer target = wire::join(Buffer{3, 'c', 'd', 'n'}, pointer(16));
        const auto answer = read({.answers = {
                                      {.type = cname, .data = target},
                                      {.owner = pointer(first_data),
                                       .type = cname,
                                       .data = wire::join(Buffer{1, 'x'}, pointer(first_data))},
                                  }});
        CHECK(answer.names == Names{"www.example.org", "cdn.example.org", "x.cdn.example.org"});
    }

    TEST_CASE("pointers that do not go back are malformed") {
        const auto with_target = [](const Buffer& target) {
            return problem({.answers = {{.type = cname, .data = target}}}) == Problem::malformed;
        };
        CHECK(with_target(pointer(first_data)));                              // to itself
        CHECK(with_target(pointer(first_data + 1)));                          // forward
        CHECK(with_target(pointer(0x3fff)));                                  // out of the message
        CHECK(with_target(wire::join(Buffer{1, 'x'}, pointer(first_data))));  // x.x.x...
        CHECK(with_target(wire::join(pointer(first_data + 2), pointer(first_data))));  // in turn
    }

    TEST_CASE("labels of reserved types and endless names are malformed") {
        CHECK(problem({.question = {0x40, 'x', 0}}) == Problem::malformed);
        CHECK(problem({.question = {0x80, 'x', 0}}) == Problem::malformed);
        std::string longest;
        for (int i = 0; i < 3; ++i)
            longest += std::string(63, 'a') + '.';
        CHECK(read({.question = labels(longest + std::string(61, 'b'))}).names[0].size() == 253);
        CHECK(problem({.question = labels(longest + std::string(63, 'b') + ".c")}) ==
              Problem::malformed);
    }

    TEST_CASE("hints and targets of HTTPS and SVCB records count") {
        const Buffer hints =
            wire::Fields()
                .bytes(parameter(1, Buffer{2, 'h', '3'}))  // alpn
                .bytes(parameter(4, wire::join(octets("192.0.2.7"), octets("192.0.2.8"))))
                .bytes(parameter(6, octets("2001:db8::7")))
                .take();
        for (const std::size_t type : {https, svcb}) {
            const auto answer = read(
                {.answers = {{.type = type, .data = binding(labels("svc.example.net"), hints)}}});
            CHECK(answer.names == Names{"www.example.org", "svc.example.net"});
            CHECK(addresses_of(answer) == Names{"192.0.2.7", "192.0.2.8", "2001:db8::7"});
            CHECK(answer.addresses[0].ttl == 300);
        }
    }

    TEST_CASE("the target \".\" of a service binding is the owner itself") {
        const auto answer = read({.answers = {{.type = https, .data = binding({0}, {})}}});
        CHECK(answer.names == Names{"www.example.org"});
    }

    TEST_CASE("a service binding that does not fit is malformed") {
        const auto with = [](const Buffer& data) {
            return problem({.answers = {{.type = https, .data = data}}}) == Problem::malformed;
        };
        CHECK(with({}));
        CHECK(with({0, 1}));
        CHECK(with(binding({0}, {0, 4})));
        CHECK(with(binding({0}, {0, 4, 0, 8, 192, 0, 2, 7})));
    }

    TEST_CASE("records of other types and classes are skipped") {
        const auto answer = read({.answers = {{.type = 16, .data = wire::text("\x04text")},
                                              {.data = octets("192.0.2.9"), .record_class = 3},
                                              {.data = {192, 0, 2}},
                                              {.type = aaaa, .data = octets("192.0.2.9")},
                                              {.data = octets("192.0.2.7")}}});
        CHECK(addresses_of(answer) == Names{"192.0.2.7"});
    }

    TEST_CASE("at most 64 records are read") {
        const std::vector<Record> many(200, Record{.data = octets("192.0.2.7")});
        CHECK(read({.answers = many}).addresses.size() == 64);
    }

    TEST_CASE("an answer without records names only what was asked for") {
        const auto answer = read({});
        CHECK(answer.names == Names{"www.example.org"});
        CHECK(answer.addresses.empty());
    }

    TEST_CASE("queries, errors and other messages are no answer") {
        CHECK(problem({.flags = 0x0100}) == Problem::not_an_answer);
        CHECK(problem({.flags = 0x8183}) == Problem::not_an_answer);  // NXDOMAIN
        CHECK(problem({.flags = 0xa980}) == Problem::not_an_answer);  // update (RFC 2136)
        CHECK(problem({.questions = 0}) == Problem::not_an_answer);
        CHECK(problem({.questions = 2}) == Problem::not_an_answer);
    }

    TEST_CASE("an answer cut at any octet is refused") {
        const Buffer whole = message(
            {.answers = {
                 {.type = cname, .data = labels("cdn.example.net")},
                 {.type = https,
                  .data = binding(labels("svc.example.net"), parameter(4, octets("192.0.2.7")))},
                 {.type = aaaa, .data = octets("2001:db8::7")}}});
        REQUIRE(dns::parse_answer(whole));
        for (std::size_t length = 0; length < whole.size(); ++length) {
            CAPTURE(length);
            const Buffer cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
            CHECK_FALSE(dns::parse_answer(cut));
        }
    }
}

TEST_SUITE("dns question") {
    TEST_CASE("a query and its answer ask for the same name") {
        const Buffer query = message({.flags = 0x0100, .question = labels("Zoom.US")});
        const Buffer response = message({.question = labels("Zoom.US")});
        for (const Buffer& each : {query, response}) {
            const auto preamble = dns::read_preamble(each);
            REQUIRE(preamble);
            CHECK(preamble->name == "zoom.us");
            CHECK(preamble->question_end == each.size());
        }
        CHECK_FALSE(dns::read_preamble(query)->response);
        CHECK(dns::read_preamble(response)->response);
    }

    TEST_CASE("an error tells what was asked for") {
        const Buffer nothing = message({.flags = 0x8183});
        REQUIRE(dns::read_preamble(nothing));
        CHECK(dns::read_preamble(nothing)->name == "www.example.org");
        CHECK(dns::read_preamble(nothing)->code == 3);
    }

    TEST_CASE("a question cut at any octet is none") {
        const Buffer query = message({.flags = 0x0100});
        for (std::size_t length = 0; length < query.size(); ++length) {
            CAPTURE(length);
            const auto preamble = dns::read_preamble(Bytes(query).first(length));
            REQUIRE_FALSE(preamble);
            CHECK((preamble.error() == Problem::not_an_answer) == (length < 12));
        }
    }

    TEST_CASE("a question may not point anywhere: nothing lies before it") {
        const Buffer query = message({.flags = 0x0100, .question = pointer(12)});
        CHECK(dns::read_preamble(query).error() == Problem::malformed);
    }

    TEST_CASE("a dot inside a label is no separator") {
        const Buffer query = message(
            {.flags = 0x0100, .question = Buffer{6, 'a', '.', 'z', 'o', 'o', 'm', 2, 'u', 's', 0}});
        REQUIRE(dns::read_preamble(query));
        CHECK(dns::read_preamble(query)->name == "a?zoom.us");
    }
}
