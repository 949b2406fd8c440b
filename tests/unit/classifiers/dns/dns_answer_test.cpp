#include "classifiers/dns/dns_answer.hpp"

#include <doctest/doctest.h>

#include "tests/unit/dns_wire.hpp"

using namespace octroi;
using namespace octroi::dns_wire;
using dns::Problem;
using wire::Buffer;
using Names = std::vector<std::string>;

namespace {

// Where the question and the first record's data stand with the question above.
constexpr std::size_t question_end = 12 + 17 + 4;
constexpr std::size_t first_data = question_end + 2 + 10;

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
