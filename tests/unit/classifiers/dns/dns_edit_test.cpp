#include "classifiers/dns/dns_edit.hpp"

#include <doctest/doctest.h>

#include "classifiers/dns/dns_answer.hpp"
#include "tests/unit/dns_wire.hpp"
#include "tests/unit/quic_wire.hpp"

using namespace octroi;
using namespace octroi::dns_wire;

namespace {

// Where the first record starts behind the question for www.example.org.
constexpr std::size_t question_end = 12 + 17 + 4;

Buffer refused(Buffer bytes) {
    dns::refuse_name(bytes, dns::read_preamble(bytes).value());
    return bytes;
}

struct Stripped {
    Buffer bytes;
    bool any = false;
};

Stripped stripped(Buffer bytes) {
    const bool any = dns::strip_ech(bytes, dns::read_preamble(bytes).value());
    return {.bytes = std::move(bytes), .any = any};
}

Buffer tail(const Buffer& bytes, std::size_t from) {
    const Bytes rest = Bytes(bytes).subspan(from);
    return {rest.begin(), rest.end()};
}

std::size_t u16_at(const Buffer& bytes, std::size_t at) {
    return std::size_t{bytes[at]} << 8U | bytes[at + 1];
}

// RFC 9460 7, RFC 9848
const Buffer alpn = parameter(1, {2, 'h', '3'});
const Buffer hint = parameter(4, octets("192.0.2.7"));
const Buffer ech = parameter(5, Buffer(71, 0xec));
const Buffer zeros = parameter(0xff00, Buffer(71));  // what stands in the place of `ech`

Buffer chain(std::initializer_list<Buffer> parameters) {
    Buffer all;
    for (const Buffer& each : parameters)
        all = wire::join(all, each);
    return all;
}

/// An answer with one HTTPS record of these parameters.
Buffer binding_answer(const Buffer& parameters, std::size_t type = https) {
    return message({.answers = {{.type = type, .data = binding({0}, parameters)}}, .type = type});
}

// Identification, fragment, time to live.
constexpr std::string_view ipv4_header = "1111000040";
constexpr std::string_view ipv6_addresses =
    "20010db8000000000000000000000053"
    "20010db8ffff00000000000000000001";

}  // namespace

TEST_SUITE("dns refusal") {
    TEST_CASE("a refused answer is NXDOMAIN for the same question, of the same length") {
        const Buffer before = answer("www.example.org");
        const Buffer after = refused(before);
        CHECK(after.size() == before.size());
        CHECK(u16_at(after, 0) == 0x1234);
        CHECK(u16_at(after, 4) == 1);
        const auto preamble = dns::read_preamble(after);
        REQUIRE(preamble);
        CHECK(preamble->response);
        CHECK(preamble->code == 3);
        CHECK(preamble->name == "www.example.org");
        CHECK(preamble->answers == 0);
        CHECK(preamble->question_end == question_end);
        CHECK_FALSE(dns::parse_answer(after));
    }

    TEST_CASE("truncation and authenticity are taken back, the other flags stay") {
        const auto flags = [](std::size_t before) {
            return u16_at(refused(message({.flags = before})), 2);
        };
        CHECK(flags(0x8180) == 0x8183);
        CHECK(flags(0x8380) == 0x8183);  // truncated
        CHECK(flags(0x81a0) == 0x8183);  // authentic data
        CHECK(flags(0x8590) == 0x8593);  // authoritative, checking disabled
        CHECK(flags(0x818f) == 0x8183);  // another code
    }

    TEST_CASE("whatever length the records had, one OPT record fills it or nothing is announced") {
        for (std::size_t rest = 0; rest <= 600; ++rest) {
            CAPTURE(rest);
            const Buffer before = wire::join(message({}), Buffer(rest, 0x5a));
            const Buffer after = refused(before);
            REQUIRE(after.size() == before.size());
            CHECK(u16_at(after, 6) == 0);  // answers
            CHECK(u16_at(after, 8) == 0);  // authority
            // RFC 6891 6.1.2: 11 octets, then options of 4 octets and more.
            const bool fits = rest == 11 || rest >= 15;
            REQUIRE(u16_at(after, 10) == (fits ? 1 : 0));
            if (!fits)
                continue;
            const auto opt = dns::read_record(after, question_end);
            REQUIRE(opt);
            CHECK(after[question_end] == 0);  // owner: the root
            CHECK(opt->type == 41);
            CHECK(opt->record_class == 1232);  // octets of UDP payload
            CHECK(opt->ttl == 0);              // extended code 0, version 0, DO clear
            REQUIRE(opt->end() == after.size());
            if (rest == 11)
                continue;
            // RFC 7830 3
            const Buffer padding = parameter(12, Buffer(rest - 15));
            CHECK(tail(after, opt->data_start) == padding);
        }
    }

    TEST_CASE("an answer with an OPT record of its own has one afterwards") {
        Buffer before =
            wire::join(answer("www.example.org"), Buffer{0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 0});
        before[11] = 1;  // additional
        REQUIRE(dns::read_preamble(before)->records == 2);
        const Buffer after = refused(before);
        CHECK(dns::read_preamble(after)->records == 1);
        CHECK(dns::read_record(after, question_end)->end() == after.size());
    }
}

TEST_SUITE("dns without ech") {
    TEST_CASE("the key goes from any place, the others keep theirs, zeros come last") {
        const struct {
            std::string_view place;
            Buffer before;
            Buffer after;
        } cases[] = {
            {"first", chain({ech, parameter(6, octets("2001:db8::7"))}),
             chain({parameter(6, octets("2001:db8::7")), zeros})},
            {"middle", chain({alpn, hint, ech, parameter(6, octets("2001:db8::7"))}),
             chain({alpn, hint, parameter(6, octets("2001:db8::7")), zeros})},
            {"last", chain({alpn, hint, ech}), chain({alpn, hint, zeros})},
            {"alone", ech, zeros},
        };

        for (const auto& each : cases)
            for (const std::size_t type : {https, svcb}) {
                CAPTURE(each.place);
                CAPTURE(type);
                const auto [bytes, any] = stripped(binding_answer(each.before, type));
                CHECK(any);
                CHECK(bytes == binding_answer(each.after, type));
                CHECK_FALSE(stripped(bytes).any);
            }
    }

    TEST_CASE("a key without a value goes as well") {
        CHECK(stripped(binding_answer(chain({alpn, parameter(5, {})}))).bytes ==
              binding_answer(chain({alpn, parameter(0xff00, {})})));
    }

    TEST_CASE("addresses are read as before") {
        const Buffer before = binding_answer(chain({hint, ech}));
        const auto after = dns::parse_answer(stripped(before).bytes);
        REQUIRE(after);
        REQUIRE(after->addresses.size() == 1);
        CHECK(to_string(after->addresses[0].address) == "192.0.2.7");
    }

    TEST_CASE("every record loses its key, and records between them stay") {
        const auto with = [](const Buffer& one, const Buffer& other) {
            return message(
                {.answers = {{.type = https, .data = binding({0}, one)},
                             {.data = octets("192.0.2.7")},
                             {.type = svcb, .data = binding(labels("svc.example.net"), other)}}});
        };
        const auto [bytes, any] = stripped(with(chain({ech, hint}), chain({alpn, ech})));
        CHECK(any);
        CHECK(bytes == with(chain({hint, zeros}), chain({alpn, zeros})));
    }

    TEST_CASE("a record in the additional section counts") {
        Buffer before = binding_answer(ech);
        std::swap(before[7], before[11]);  // answers, additional
        Buffer after = binding_answer(zeros);
        std::swap(after[7], after[11]);
        CHECK(stripped(before).bytes == after);
    }

    TEST_CASE("what only looks like a key stays") {
        const auto stays = [](const Buffer& bytes) {
            const auto [after, any] = stripped(bytes);
            return !any && after == bytes;
        };
        CHECK(stays(binding_answer(chain({alpn, hint}))));
        CHECK(stays(binding_answer({})));
        CHECK(stays(binding_answer(parameter(4, ech))));  // inside another one's value
        CHECK(stays(message({.answers = {{.type = 16, .data = binding({0}, ech)}}})));
        CHECK(stays(
            message({.answers = {{.type = https, .data = binding({0}, ech), .record_class = 3}}})));
        CHECK(stays(wire::join(message({}), binding_answer(ech))));  // behind the last record
    }

    TEST_CASE("malformed parameters are left untouched") {
        const auto stays = [](const Buffer& bytes) {
            const auto [after, any] = stripped(bytes);
            return !any && after == bytes;
        };
        CHECK(stays(binding_answer({0, 5, 0, 4, 1, 2, 3})));            // the key ends too late
        CHECK(stays(binding_answer(chain({{0, 1, 0, 200, 2}, ech}))));  // so does one before it
        CHECK(stays(binding_answer({0, 5, 0})));                        // its length is cut
        const std::vector<Record> endless = {{.type = https, .data = {0, 1, 3, 'a', 'b'}}};
        CHECK(stays(message({.answers = endless})));  // the target name runs out of the record
    }

    TEST_CASE("a message cut at any octet loses only keys that are whole") {
        const Buffer whole = binding_answer(chain({alpn, ech, parameter(6, Buffer(16))}));
        for (std::size_t length = question_end; length < whole.size(); ++length) {
            CAPTURE(length);
            const Buffer cut = {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)};
            const auto [after, any] = stripped(cut);
            CHECK_FALSE(any);
            CHECK(after == cut);
        }
        CHECK(stripped(whole).any);
    }
}

TEST_SUITE("dns checksum") {
    TEST_CASE("the checksum is the one that others find correct") {
        const std::string v4(ipv4_header);
        const std::string v6(ipv6_addresses);

        const struct {
            std::string_view what;
            std::string packet;
        } packets[] = {
            {"UDP, even", "45000022" + v4 + "119d84c00002350a0000010035c350000e35be616e73776572"},
            {"UDP, odd",
             "45000029" + v4 + "119d7dc00002350a0000010035c3500015118c616e206f646420616e73776572"},
            {"UDP over IPv6, odd",
             "6000000000151140" + v6 + "0035c350001581fc616e206f646420616e73776572"},
            {"TCP, odd", "45000035" + v4 +
                             "069d7cc00002350a0000010035c350123456789abcdef05018faf0e43c0000"
                             "616e206f646420616e73776572"},
            {"TCP over IPv6, with options", "6000000000260640" + v6 +
                                                "0035c350123456789abcdef08018faf033b10000"
                                                "0101080a0001020304050607616e73776572"},
            // RFC 768: a sum of 0 is sent as all ones, for 0 says that there is none.
            {"UDP that sums to 0", "4500001e" + v4 + "119d88c00002350a0000010035c350000affff701e"},
            {"UDP over IPv6 that sums to 0", "60000000000a1140" + v6 + "0035c350000affffe08e"},
            {"TCP that sums to 0",
             "4500002a" + v4 +
                 "069d87c00002350a0000010035c350123456789abcdef05018faf00000000042c4"},
        };

        for (const auto& [what, packet] : packets) {
            CAPTURE(what);
            const Buffer good = wire::hexadecimal(packet);
            const bool v4_packet = good[0] >> 4U == 4;
            const std::size_t header = v4_packet ? 20 : 40;
            const bool udp = good[v4_packet ? 9 : 6] == 17;
            for (const std::uint8_t stale : Buffer{0x00, 0x5a, 0xff}) {
                Buffer edited = good;
                edited[header + (udp ? 6 : 16)] = stale;
                edited[header + (udp ? 7 : 17)] = stale;
                const Packet decoded = decode_packet(edited, {}).value();
                dns::write_checksum(std::span(edited).subspan(header), decoded);
                CHECK(edited == good);
            }
        }
    }
}
