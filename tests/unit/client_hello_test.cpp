#include "classifiers/client_hello.hpp"

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

    TEST_CASE("of two server_name extensions the first one with a name counts") {
        CHECK(name_of(wire::join(wire::server_name_extension("zoom.us"),
                                 wire::server_name_extension("visio.numerique.gouv.fr"))) ==
              "zoom.us");
        CHECK(name_of(wire::join(wire::extension(0, {}), wire::server_name_extension("zoom.us"))) ==
              "zoom.us");
    }

    TEST_CASE("of two names in one list the first counts") {
        CHECK(name_of(name_list(wire::join(entry(0, "zoom.us"), entry(0, "example.org")))) ==
              "zoom.us");
    }

    TEST_CASE("an extension of size zero holds nothing and harms nothing") {
        const Buffer extensions = Fields()
                                      .bytes(wire::extension(0, {}))
                                      .bytes(wire::extension(16, {}))
                                      .bytes(wire::extension(0xfe0d, {}))
                                      .take();
        const Buffer message = wire::client_hello_with(extensions);
        const auto hello = parse_client_hello(message);
        REQUIRE(hello);
        CHECK(hello->server_name.empty());
        CHECK(hello->alpn.empty());
        CHECK(hello->encrypted_client_hello);
    }

    TEST_CASE("a name that leaves its list is no name") {
        CHECK(name_of(name_list(Fields().u8(0).u16(8).text("zoom.us").take())).empty());
        CHECK(name_of(wire::extension(0, Fields().u16(99).bytes(entry(0, "zoom.us")).take()))
                  .empty());
        CHECK(name_of(name_list(Fields().u8(0).u8(0).take())).empty());
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
