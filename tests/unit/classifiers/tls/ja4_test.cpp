#include "classifiers/tls/ja4.hpp"

#include <initializer_list>

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using tls::Carrier;
using wire::Buffer;

namespace {

using Codes = std::vector<std::uint16_t>;

Buffer codes(const Codes& list) {
    wire::Fields fields;
    for (const std::uint16_t code : list)
        fields.u16(code);
    return fields.take();
}

struct Hello {
    std::uint16_t legacy_version = 0x0303;
    Codes ciphers = {0x1301};
    std::vector<Buffer> extensions = {};  ///< each with its type and length
    bool no_extensions = false;           ///< not even their length
};

// RFC 8446 4.1.2
Buffer message(const Hello& hello) {
    wire::Fields extensions;
    for (const Buffer& extension : hello.extensions)
        extensions.bytes(extension);
    wire::Fields body;
    body.u16(hello.legacy_version)
        .fill(32, 0xaa)                  // random
        .vector8({})                     // legacy_session_id
        .vector16(codes(hello.ciphers))  // cipher_suites
        .vector8({0});                   // compression: null
    if (!hello.no_extensions)
        body.vector16(extensions.take());
    return wire::Fields().u8(1).vector24(body.take()).take();
}

std::string print(const Hello& hello, Carrier carrier = Carrier::tcp) {
    const Buffer bytes = message(hello);
    const auto parsed = tls::parse_client_hello(bytes);
    REQUIRE(parsed);
    return tls::ja4(*parsed, carrier);
}

// The part before the sums.
std::string head(const Hello& hello) {
    return print(hello).substr(0, 10);
}

Buffer empty_extension(std::uint16_t type) {
    return wire::extension(type, {});
}

// RFC 8446 4.2.3
Buffer signature_algorithms(const Codes& list) {
    return wire::extension(13, wire::Fields().vector16(codes(list)).take());
}

// RFC 8446 4.2.1
Buffer supported_versions(const Codes& list) {
    return wire::extension(43, wire::Fields().vector8(codes(list)).take());
}

std::vector<Buffer> empty_extensions(const Codes& types) {
    std::vector<Buffer> list;
    for (const std::uint16_t type : types)
        list.push_back(empty_extension(type));
    return list;
}

// As Chrome sends it: GREASE first in each list, its extensions in one of the random orders.
Hello chrome() {
    Hello hello{
        .ciphers = {0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
                    0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035},
        .extensions = empty_extensions({0x4a4a, 0x001b, 0x0033, 0x4469, 0x0017, 0x002d, 0x0005,
                                        0x0023, 0x0012, 0xff01, 0x000b, 0x000a, 0xfe0d, 0xdada})};
    hello.extensions.push_back(wire::server_name_extension("example.org"));
    hello.extensions.push_back(wire::alpn_extension("h2"));
    hello.extensions.push_back(
        signature_algorithms({0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601}));
    hello.extensions.push_back(supported_versions({0x7a7a, 0x0304, 0x0303}));
    return hello;
}

}  // namespace

TEST_SUITE("ja4") {
    TEST_CASE("Chrome over TCP is as FoxIO published it") {
        CHECK(print(chrome()) == "t13d1516h2_8daaf6152771_02713d6af862");
    }

    TEST_CASE("Chrome with padding instead of ECH is as the technical details work it out") {
        Hello hello = chrome();
        std::erase(hello.extensions, empty_extension(0xfe0d));
        hello.extensions.push_back(wire::extension(21, Buffer(190)));
        CHECK(print(hello) == "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    TEST_CASE("Chrome over QUIC is as FoxIO published it") {
        Hello hello{.ciphers = {0x1301, 0x1302, 0x1303},
                    .extensions = empty_extensions(
                        {0x0029, 0x000a, 0x001b, 0x002d, 0x0033, 0x0039, 0x4469, 0xfe0d})};
        hello.extensions.push_back(wire::server_name_extension("example.org"));
        hello.extensions.push_back(wire::alpn_extension("h3"));
        hello.extensions.push_back(signature_algorithms(
            {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201}));
        hello.extensions.push_back(supported_versions({0x0304}));
        CHECK(print(hello, Carrier::quic) == "q13d0312h3_55b375c5d22e_06cda9e17597");
    }

    TEST_CASE("ciphers and extensions in another order give the same, signature algorithms not") {
        const Hello hello = chrome();
        Hello turned = hello;
        std::ranges::reverse(turned.ciphers);
        std::ranges::reverse(turned.extensions);
        CHECK(print(turned) == print(hello));

        const auto with = [](const Codes& algorithms) {
            return print({.extensions = {signature_algorithms(algorithms)}});
        };
        CHECK(with({0x0403, 0x0804}) != with({0x0804, 0x0403}));
    }

    TEST_CASE("every GREASE value is left out wherever it stands") {
        const Hello plain{.extensions = {empty_extension(23), signature_algorithms({0x0403}),
                                         supported_versions({0x0304})}};
        for (unsigned digit = 0; digit < 16; ++digit) {
            const auto grease = static_cast<std::uint16_t>(digit << 12U | digit << 4U | 0x0a0aU);
            CAPTURE(grease);
            CHECK(print({.ciphers = {grease, 0x1301, grease},
                         .extensions = {empty_extension(grease), empty_extension(23),
                                        signature_algorithms({grease, 0x0403}),
                                        supported_versions({grease, 0x0304})}}) == print(plain));
        }
        // Alike, and no GREASE (RFC 8701 2).
        CHECK(head({.ciphers = {0x0a1a, 0x1301}}) == "t12i020000");
        CHECK(head({.ciphers = {0x0b0b, 0x1301}}) == "t12i020000");
    }

    TEST_CASE("the version is the highest that is supported, else the old field") {
        const auto version = [](std::uint16_t legacy, const Codes& supported) {
            Hello hello{.legacy_version = legacy};
            if (!supported.empty())
                hello.extensions.push_back(supported_versions(supported));
            return head(hello).substr(1, 2);
        };
        CHECK(version(0x0303, {0x0302, 0x0304, 0x0303}) == "13");
        CHECK(version(0x0303, {0x0303}) == "12");
        CHECK(version(0x0303, {}) == "12");
        CHECK(version(0x0302, {}) == "11");
        CHECK(version(0x0301, {}) == "10");
        CHECK(version(0x0300, {}) == "s3");
        CHECK(version(0x7f1c, {}) == "00");
    }

    TEST_CASE(
        "ALPN shows its first and last character, of the hexadecimal form where one is none") {
        const auto shown = [](const std::string& alpn) {
            return head({.extensions = {wire::alpn_extension(alpn)}}).substr(8);
        };
        CHECK(shown("h2") == "h2");
        CHECK(shown("http/1.1") == "h1");
        CHECK(shown("Zoom") == "Zm");
        CHECK(shown("x") == "xx");
        CHECK(shown("\xab") == "ab");
        CHECK(shown("\xab\xcd") == "ad");
        CHECK(shown("0\xab") == "3b");
        CHECK(shown("01\xab\xcd") == "3d");
        CHECK(shown("0\xab\xcd"
                    "1") == "01");
        CHECK(shown("h2-") == "6d");
        CHECK(shown("[2") == "52");
    }

    TEST_CASE("only the first ALPN value shows, and no ALPN is 00") {
        const Buffer two = wire::extension(
            16,
            wire::Fields()
                .vector16(
                    wire::Fields().vector8(wire::text("http/1.1")).vector8(wire::text("h2")).take())
                .take());
        CHECK(head({.extensions = {two}}) == "t12i0101h1");
        CHECK(head({}) == "t12i010000");
    }

    TEST_CASE("name and ALPN count as extensions, but not in the sum") {
        const Hello bare{.extensions = {empty_extension(23)}};
        Hello named = bare;
        named.extensions.push_back(wire::server_name_extension("example.org"));
        named.extensions.push_back(wire::alpn_extension("h2"));
        CHECK(head(bare) == "t12i010100");
        CHECK(head(named) == "t12d0103h2");
        CHECK(print(named).substr(10) == print(bare).substr(10));
    }

    TEST_CASE("what there is none of has a sum of zeros") {
        CHECK(print({.ciphers = {}, .no_extensions = true}) ==
              "t12i000000_000000000000_000000000000");
        CHECK(print({.extensions = {wire::server_name_extension("example.org")}}).substr(24) ==
              "000000000000");
    }

    TEST_CASE("without signature algorithms the sum is of the extensions alone") {
        // SHA-256 of "0017,ff01".
        CHECK(print({.extensions = empty_extensions({0xff01, 0x0017})}).substr(24) ==
              "5333cdffa7d9");
    }

    TEST_CASE("more than 99 of anything are 99") {
        CHECK(head({.ciphers = Codes(120, 0x1301)}) == "t12i990000");
        CHECK(head({.extensions = empty_extensions(Codes(120, 0x0017))}) == "t12i019900");
    }

    TEST_CASE("extensions that are cut inside end where they end") {
        // A list of signature algorithms that announces more than there is: an extension of its
        // type, with nothing in it.
        const Buffer cut = wire::extension(13, {0, 8, 4, 3});
        CHECK(print({.extensions = {cut}}) == print({.extensions = {empty_extension(13)}}));
    }
}
