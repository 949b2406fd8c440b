#include "classifiers/clear/http2_request.hpp"

#include <doctest/doctest.h>

#include "classifiers/clear/hpack.hpp"
#include "tests/unit/quic_wire.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;
using Kind = http2::Problem::Kind;

namespace {

const Buffer preface = wire::text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

constexpr std::size_t headers = 1;
constexpr std::size_t settings = 4;
constexpr std::size_t continuation = 9;
constexpr std::size_t end_headers = 4;

// RFC 9113 4.1
Buffer frame(std::size_t type, std::size_t flags, const Buffer& content) {
    return wire::Fields()
        .u24(content.size())
        .u8(type)
        .u8(flags)
        .u32(1)  // stream
        .bytes(content)
        .take();
}

// RFC 7541 C.3.1 and C.4.1: the first request to www.example.com, in clear and by Huffman's code.
const Buffer clear_block = {0x82, 0x86, 0x84, 0x41, 0x0f, 'w', 'w', 'w', '.', 'e',
                            'x',  'a',  'm',  'p',  'l',  'e', '.', 'c', 'o', 'm'};
const Buffer huffman_block = {0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5,
                              0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff};

Buffer request(const Buffer& block) {
    return wire::join(wire::join(preface, frame(settings, 0, {})),
                      frame(headers, end_headers, block));
}

struct Read {
    std::string host;
    Kind kind{};
};

Read read(const Buffer& stream) {
    std::vector<std::uint8_t> scratch;
    const auto found = http2::requested_host(stream, scratch);
    return found ? Read{.host = wire::text(*found)} : Read{.host = "", .kind = found.error().kind};
}

// Fields of literal names (RFC 7541 6.2.2).
Buffer literal(std::string_view name, std::string_view value) {
    return wire::Fields().u8(0).vector8(wire::text(name)).vector8(wire::text(value)).take();
}

// The octets 0 to 255, each by its code in RFC 7541 Appendix B, padded with ones.
constexpr std::string_view every_octet =
    "ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabff"
    "ffffdfffffebfffffecfffffedfffffeefffffefffffff0ffffff1ffffff2fffffffbfffffcffffffd3fffff"
    "d7fffffdbfffffdffffffe3fffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2cbb00089969b7"
    "1d79fb9f7fff20ffbff3ff50ddbd7f061c58f265cd9f469d5af66dddbf871e5f9cff7ff7fffc3ff9ffe45fff"
    "4719242cb34e6e9d68a6a3d7dac426defe3cfaf7fffbfe7ffbffdffffffcfffe6ffff4bfff9ffffa3fffd3ff"
    "ff53fffd5ffffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffbfffffd9ffffdbfffebffffe0ffff"
    "eeffffc3ffff8bffff1ffffe4fffee7fffb1ffff97fffd9ffffcdffff9fffffbffffdafffeeffff4ffffb7ff"
    "fee7fffe8ffffd3fffdeffffd5fffeeffffbdffffe1fffdfffff7fffff5ffffecffff07fff87fffe0ffff17f"
    "ffedffff87ffff77fffeffffeaffff8bfffe3ffff93ffff87fffcbffff37ffff1fffff83ffffe1fffebfffe3"
    "ffff3fffff2ffffa3ffffd9fffff17ffffc7fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8ffff"
    "fe6fffffc1fffff87ffffe7fffffc5ffffe5fffe4ffff2fffffd1fffff4ffffffefffffe3fffffc9fffff97f"
    "ffb3ffffcffffb7fffcdffff4ffff9ffffd1ffffcffffeaffffafffffddffffeffffff4fffff5fffffabffff"
    "a7ffffd7fffff9bffffecfffffb7fffff3fffffe8fffffd3fffffabfffff5fffffff7ffffecfffffdbfffffb"
    "bfffff7ffffff0fffffbbf";

}  // namespace

TEST_SUITE("http/2 request") {
    TEST_CASE("the authority is read, in clear and by Huffman's code") {
        CHECK(read(request(clear_block)).host == "www.example.com");
        CHECK(read(request(huffman_block)).host == "www.example.com");
    }

    TEST_CASE("it may be named by a literal, be host, have a port and stand behind other fields") {
        CHECK(read(request(literal(":authority", "zoom.us:80"))).host == "zoom.us");
        CHECK(read(request(wire::join(literal("x", "y"), literal("host", "zoom.us")))).host ==
              "zoom.us");
        // index 38, never indexed; behind a change of the table's size
        const Buffer indexed =
            wire::Fields().u8(0x20).u8(0x1f).u8(38 - 15).vector8(wire::text("zoom.us")).take();
        CHECK(read(request(indexed)).host == "zoom.us");
    }

    TEST_CASE("a header block over several frames, padded and with a priority, is put together") {
        const Buffer start(huffman_block.begin(), huffman_block.begin() + 7);
        const Buffer rest(huffman_block.begin() + 7, huffman_block.end());
        const Buffer padded = wire::Fields().u8(3).fill(5).bytes(start).fill(3).take();
        const Buffer stream = wire::join(wire::join(preface, frame(headers, 0x08 | 0x20, padded)),
                                         frame(continuation, end_headers, rest));
        CHECK(read(stream).host == "www.example.com");
    }

    TEST_CASE("every part of it is incomplete, and asks for no more than it lacks") {
        const Buffer stream = request(huffman_block);
        std::vector<std::uint8_t> scratch;
        for (std::size_t n = 0; n < stream.size(); ++n) {
            CAPTURE(n);
            const auto part = http2::requested_host(Bytes(stream).first(n), scratch);
            REQUIRE_FALSE(part);
            CHECK(part.error().kind == Kind::incomplete);
            CHECK(part.error().needed > n);
            CHECK(part.error().needed <= stream.size());
            CHECK(part.error().begun == (n >= preface.size()));
        }
    }

    TEST_CASE("another stream is no HTTP/2") {
        CHECK(read(wire::text("PRI * HTTP/1.1\r\n")).kind == Kind::not_http2);
        CHECK(read(wire::text("GET / HTTP/1.1\r\n")).kind == Kind::not_http2);
    }

    TEST_CASE("a request without authority names nobody") {
        CHECK(read(request({0x82, 0x86, 0x84})).kind == Kind::no_host);
        CHECK(read(request(literal(":authority", ""))).kind == Kind::no_host);
        CHECK(read(request({0x81})).kind == Kind::no_host);  // the static table's, empty
    }

    TEST_CASE("what is no header block is malformed") {
        for (const Buffer& block :
             {Buffer{0x80},                                       // index 0
              Buffer{0x41, 0x05, 'a'},                            // a value that ends too early
              Buffer{0x41, 0x81, 0x00},                           // half a code
              Buffer{0x41, 0x84, 0xff, 0xff, 0xff, 0xff},         // the code of the end
              Buffer{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}})  // an index without end
        {
            CAPTURE(block);
            CHECK(read(request(block)).kind == Kind::malformed);
        }
        const Buffer huge =
            wire::Fields().u8(0x41).u8(0x7f).u8(0x81).u8(0x09).fill(1280, 'a').take();
        CHECK(read(request(huge)).kind == Kind::malformed);
        // an authority that is empty and then comes again by the dynamic table
        const Buffer again = {0x40, 0x04, 'h', 'o', 's', 't', 0x00, 0x7e, 0x01, 'a'};
        CHECK(read(request(again)).kind == Kind::malformed);
        const Buffer stream =
            wire::join(wire::join(preface, frame(headers, 0, clear_block)), frame(settings, 0, {}));
        CHECK(read(stream).kind == Kind::malformed);
        CHECK(read(wire::join(preface, frame(headers, 0x08, {9}))).kind == Kind::malformed);
    }

    TEST_CASE("Huffman's code is read for every octet") {
        const Buffer coded = wire::hexadecimal(every_octet);
        const Buffer block = wire::Fields()
                                 .u8(0x41)         // :authority
                                 .u8(0x80 | 0x7f)  // length, from 127 on
                                 .u8(0x80 | ((coded.size() - 127) & 0x7f))
                                 .u8((coded.size() - 127) >> 7U)
                                 .bytes(coded)
                                 .take();
        std::vector<std::uint8_t> text;
        REQUIRE(hpack::read_authority(block, text) == 256);
        for (std::size_t octet = 0; octet < 256; ++octet)
            CHECK(text[octet] == octet);
    }
}
