#include "classifiers/tls/client_hello.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using octroi::tls::parse_client_hello;
using octroi::tls::ParseError;
using wire::Buffer;
using wire::Fields;

namespace {

std::string name_of(const Buffer& extensions) {
    const Buffer message = wire::client_hello_with(extensions);
    const auto hello = parse_client_hello(message);
    REQUIRE(hello);
    return wire::text(hello->server_name);
}

// RFC 6066 3: a ServerNameList with ready entries.
Buffer name_list(const Buffer& entries) {
    return wire::extension(0, Fields().vector16(entries).take());
}

Buffer entry(std::size_t type, std::string_view name) {
    return Fields().u8(type).vector16(wire::text(name)).take();
}

bool malformed(const Buffer& extensions) {
    const auto hello = parse_client_hello(wire::client_hello_with(extensions));
    return !hello && hello.error() == ParseError::malformed;
}

}  // namespace

TEST_SUITE("tls client hello") {
    TEST_CASE("yields version, name, first ALPN protocol and ECH") {
        const Buffer message = wire::client_hello(
            {.server_name = "us05web.zoom.us", .alpn = "h2", .encrypted_client_hello = true});
        const auto hello = parse_client_hello(message);
        REQUIRE(hello);
        CHECK(hello->legacy_version == 0x0303);
        CHECK(wire::text(hello->server_name) == "us05web.zoom.us");
        CHECK(wire::text(hello->alpn) == "h2");
        CHECK(hello->encrypted_client_hello);
    }

    TEST_CASE("what is absent is empty") {
        const Buffer message = wire::client_hello({.server_name = ""});
        const auto hello = parse_client_hello(message);
        REQUIRE(hello);
        CHECK(hello->server_name.empty());
        CHECK(hello->alpn.empty());
        CHECK_FALSE(hello->encrypted_client_hello);
    }

    TEST_CASE("every proper prefix is truncated, never malformed or accepted") {
        const Buffer message = wire::client_hello({.alpn = "h2", .encrypted_client_hello = true});
        for (std::size_t n = 0; n < message.size(); ++n) {
            CAPTURE(n);
            const Buffer cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(n));
            const auto hello = parse_client_hello(cut);
            REQUIRE_FALSE(hello);
            CHECK(hello.error() == ParseError::truncated);
        }
    }

    TEST_CASE("another handshake type is refused at its first octet") {
        CHECK(parse_client_hello(Buffer{2}).error() == ParseError::not_client_hello);
        Buffer message = wire::client_hello({});
        message[0] = 2;
        CHECK(parse_client_hello(message).error() == ParseError::not_client_hello);
    }

    TEST_CASE("what follows the message is not read") {
        const Buffer message = wire::join(wire::client_hello({}), Buffer(100, 0xff));
        CHECK(parse_client_hello(message));
    }

    TEST_CASE("a TLS 1.2 message without extensions is legal") {
        const Buffer body = Fields()
                                .u16(0x0303)                            // legacy_version
                                .fill(32)                               // random
                                .vector8({})                            // legacy_session_id
                                .vector16(Fields().u16(0x002f).take())  // cipher_suites
                                .vector8({0})                           // compression: null
                                .take();
        const auto hello = parse_client_hello(Fields().u8(1).vector24(body).take());
        REQUIRE(hello);
        CHECK(hello->server_name.empty());
    }

    TEST_CASE("a message too short for its own fields is malformed") {
        for (std::size_t n = 0; n < 2 + 32 + 1; ++n) {
            CAPTURE(n);
            const Buffer message = Fields().u8(1).vector24(Buffer(n, 3)).take();
            CHECK(parse_client_hello(message).error() == ParseError::malformed);
        }
    }

    TEST_CASE("an inner length that leaves its vector is malformed") {
        // The last extension claims one octet more than its list holds.
        const Buffer longer = Fields().u16(21).u16(5).fill(4).take();
        CHECK(parse_client_hello(wire::client_hello_with(longer)).error() == ParseError::malformed);
        const Buffer half_header = Fields().u16(21).u8(0).take();
        CHECK(parse_client_hello(wire::client_hello_with(half_header)).error() ==
              ParseError::malformed);
    }

    TEST_CASE("the name behind other extensions and other name types is found") {
        const Buffer extensions =
            Fields()
                .bytes(wire::extension(21, Buffer(300)))  // padding
                .bytes(wire::extension(0x3a3a, {}))       // GREASE
                .bytes(name_list(wire::join(entry(7, "other"), entry(0, "zoom.us"))))
                .take();
        CHECK(name_of(extensions) == "zoom.us");
    }

    TEST_CASE("two different names are malformed, in two extensions or in one list") {
        CHECK(malformed(wire::join(wire::server_name_extension("zoom.us"),
                                   wire::server_name_extension("visio.numerique.gouv.fr"))));
        CHECK(malformed(name_list(wire::join(entry(0, "zoom.us"), entry(0, "example.org")))));
    }

    TEST_CASE("one name twice is that name") {
        CHECK(name_of(wire::join(wire::server_name_extension("zoom.us"),
                                 wire::server_name_extension("zoom.us"))) == "zoom.us");
        CHECK(name_of(name_list(wire::join(entry(0, "zoom.us"), entry(0, "zoom.us")))) ==
              "zoom.us");
    }

    TEST_CASE(
        "a name behind an empty one or an unknown type, or before octets that are none, counts") {
        CHECK(name_of(name_list(wire::join(entry(1, "other"), entry(0, "zoom.us")))) == "zoom.us");
        CHECK(name_of(name_list(wire::join(entry(0, ""), entry(0, "zoom.us")))) == "zoom.us");
        CHECK(name_of(name_list(wire::join(entry(0, "zoom.us"), Buffer{0, 0}))) ==
              "zoom.us");  // GnuTLS
        CHECK(name_of(name_list(entry(1, "zoom.us"))).empty());
    }

    TEST_CASE("an extension of size zero holds nothing and harms nothing") {
        const Buffer extensions =
            Fields().bytes(wire::extension(16, {})).bytes(wire::extension(0xfe0d, {})).take();
        const Buffer message = wire::client_hello_with(extensions);
        const auto hello = parse_client_hello(message);
        REQUIRE(hello);
        CHECK(hello->server_name.empty());
        CHECK(hello->alpn.empty());
        CHECK(hello->encrypted_client_hello);
    }

    TEST_CASE("a server_name extension without a list that can be read is malformed") {
        const Buffer zoom = entry(0, "zoom.us");
        CHECK(malformed(wire::extension(0, {})));
        CHECK(malformed(wire::extension(0, {0, 0})));
        CHECK(malformed(wire::extension(0, Fields().u16(0).bytes(zoom).take())));
        CHECK(malformed(wire::extension(0, Fields().u16(99).bytes(zoom).take())));
        CHECK(malformed(wire::extension(0, Fields().u16(zoom.size() - 1).bytes(zoom).take())));
        CHECK(malformed(wire::extension(0, Fields().vector16(zoom).u8(0).take())));
        CHECK(malformed(name_list(Fields().u8(0).u16(8).text("zoom.us").take())));
        CHECK(malformed(name_list(Fields().u8(0).u8(0).take())));
    }

    TEST_CASE("octets behind the extensions are malformed: they may hide a name") {
        const Buffer body = Fields()
                                .u16(0x0303)                                    // legacy_version
                                .fill(32)                                       // random
                                .vector8({})                                    // legacy_session_id
                                .vector16(Fields().u16(0x1301).take())          // cipher_suites
                                .vector8({0})                                   // compression
                                .vector16({})                                   // extensions
                                .bytes(wire::server_name_extension("zoom.us"))  // nobody's
                                .take();
        CHECK(parse_client_hello(Fields().u8(1).vector24(body).take()).error() ==
              ParseError::malformed);
    }

    TEST_CASE("a session id over 32 octets does not hide the name") {  // Go takes it
        const Buffer body = Fields()
                                .u16(0x0303)                            // legacy_version
                                .fill(32)                               // random
                                .vector8(Buffer(200, 7))                // legacy_session_id
                                .vector16(Fields().u16(0x1301).take())  // cipher_suites
                                .vector8({0})                           // compression
                                .vector16(wire::server_name_extension("zoom.us"))
                                .take();
        const Buffer message = Fields().u8(1).vector24(body).take();
        CHECK(wire::text(parse_client_hello(message).value().server_name) == "zoom.us");
    }

    TEST_CASE("no single octet changed makes the parser read outside the message") {
        const Buffer message = wire::client_hello({.alpn = "h2", .encrypted_client_hello = true});
        for (std::size_t i = 0; i < message.size(); ++i)
            for (const std::uint8_t value : Buffer{0x00, 0x01, 0x7f, 0x80, 0xff}) {
                Buffer changed = message;
                changed[i] = value;
                const auto hello = parse_client_hello(changed);
                if (!hello)
                    continue;
                REQUIRE(hello->server_name.size() + hello->alpn.size() < changed.size());
                REQUIRE((hello->server_name.empty() ||
                         (hello->server_name.data() > changed.data() &&
                          hello->server_name.data() + hello->server_name.size() <=
                              changed.data() + changed.size())));
            }
    }
}
