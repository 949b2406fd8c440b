#include "classifiers/clear/socks.hpp"

#include <doctest/doctest.h>

#include "tests/unit/dns_wire.hpp"
#include "tests/unit/inspection.hpp"

using namespace octroi;
using dns_wire::octets;
using socks::Problem;
using wire::Buffer;

namespace {

// SOCKS 4, Lee, 1992; the host is 4a's.
Buffer version_4(const Buffer& address, std::string_view user, std::string_view host = {}) {
    wire::Fields fields;
    fields
        .u8(4)           // version
        .u8(1)           // CONNECT
        .u16(443)        // port
        .bytes(address)  // address
        .text(user)      // user id
        .u8(0);
    if (!host.empty())
        fields.text(host).u8(0);
    return fields.take();
}

// RFC 1928 3
Buffer greeting(const Buffer& methods = {0}) {
    return wire::Fields().u8(5).vector8(methods).take();
}

// RFC 1929 2
Buffer password(std::string_view user, std::string_view secret) {
    return wire::Fields().u8(1).vector8(wire::text(user)).vector8(wire::text(secret)).take();
}

// RFC 1928 4
Buffer request(std::size_t kind, const Buffer& address, std::size_t command = 1) {
    return wire::Fields()
        .u8(5)           // version
        .u8(command)     // CONNECT
        .u8(0)           // reserved
        .u8(kind)        // type of the address
        .bytes(address)  // address
        .u16(443)        // port
        .take();
}

Buffer request_for(std::string_view host) {
    return request(3, wire::Fields().vector8(wire::text(host)).take());
}

Buffer chain(std::initializer_list<Buffer> parts) {
    Buffer all;
    for (const Buffer& part : parts)
        all = wire::join(all, part);
    return all;
}

const Buffer data = wire::client_stream("visio.numerique.gouv.fr");

struct Read {
    std::string host;
    std::size_t size = 0;

    bool operator==(const Read&) const = default;
};

Read read(const Buffer& stream) {
    const auto found = socks::read_request(stream);
    REQUIRE(found);
    return {.host = wire::text(found->host), .size = found->size};
}

bool foreign(const Buffer& stream) {
    const auto found = socks::read_request(stream);
    return !found && found.error() == Problem::not_socks;
}

const Buffer whole[] = {
    version_4(octets("198.51.100.1"), "me"),
    version_4({0, 0, 0, 1}, "me", "zoom.us"),
    version_4({0, 0, 0, 255}, "", "zoom.us"),
    chain({greeting(), request_for("zoom.us")}),
    chain({greeting({0, 2}), request(1, octets("198.51.100.1"))}),
    chain({greeting({0, 1, 2, 0x80}), password("me", "secret"), request_for("zoom.us")}),
    chain({greeting({2}), password("", ""), request(4, octets("2001:db8::1"))}),
};

}  // namespace

TEST_SUITE("socks") {
    TEST_CASE("SOCKS 4 asks for an address") {
        const Buffer stream = version_4(octets("198.51.100.1"), "me");
        CHECK(read(stream) == Read{.host = "", .size = stream.size()});
    }

    TEST_CASE("SOCKS 4a asks for a name where the address is 0.0.0.x") {
        const Buffer stream = version_4({0, 0, 0, 1}, "me", "zoom.us");
        CHECK(read(stream) == Read{.host = "zoom.us", .size = stream.size()});
        // 0.0.0.0 and 0.0.1.x are no such sign: what follows belongs to the host.
        for (const Buffer& address : {Buffer{0, 0, 0, 0}, Buffer{0, 0, 1, 0}})
            CHECK(read(version_4(address, "me", "zoom.us")) ==
                  Read{.host = "", .size = version_4(address, "me").size()});
    }

    TEST_CASE("SOCKS 5 asks for a name or an address of either family") {
        for (const Buffer& greet : {greeting(), greeting({0, 1, 2})}) {
            const Buffer named = wire::join(greet, request_for("zoom.us"));
            CHECK(read(named) == Read{.host = "zoom.us", .size = named.size()});
            const Buffer v4 = wire::join(greet, request(1, octets("198.51.100.1")));
            CHECK(read(v4) == Read{.host = "", .size = v4.size()});
            const Buffer v6 = wire::join(greet, request(4, octets("2001:db8::1")));
            CHECK(read(v6) == Read{.host = "", .size = v6.size()});
        }
    }

    TEST_CASE("a user name and a password may stand between") {
        const Buffer stream =
            chain({greeting({2}), password("me", "secret"), request_for("zoom.us")});
        CHECK(read(stream) == Read{.host = "zoom.us", .size = stream.size()});
    }

    TEST_CASE("a request cut at any octet is incomplete, and data behind it is not its own") {
        for (const Buffer& stream : whole) {
            CAPTURE(stream);
            for (std::size_t length = 0; length < stream.size(); ++length) {
                CAPTURE(length);
                const auto cut = socks::read_request(Bytes(stream).first(length));
                REQUIRE_FALSE(cut);
                CHECK(cut.error() == Problem::incomplete);
            }
            CHECK(read(wire::join(stream, data)) == read(stream));
        }
    }

    TEST_CASE("other protocols are no SOCKS from their first octets") {
        CHECK(foreign(data));
        CHECK(foreign(wire::text("GET / HTTP/1.1\r\n\r\n")));
        CHECK(foreign({0}));
        CHECK(foreign({6, 1, 0}));
        CHECK(foreign({5, 0}));  // no method at all
        CHECK(foreign({5, 3, 'a', 'b', 'c', 'd', 'e', 'f', 'g'}));
        CHECK(foreign({4, 2, 1, 187, 198, 51, 100, 1}));  // BIND
    }

    TEST_CASE("a greeting without a request behind it is no SOCKS") {
        CHECK(foreign(wire::join(greeting(), Buffer{4, 1, 0, 1})));  // version
        CHECK(foreign(wire::join(greeting(), Buffer{5, 0, 0, 1})));  // command
        CHECK(foreign(wire::join(greeting(), Buffer{5, 4, 0, 1})));
        CHECK(foreign(chain({greeting({2}), password("me", "x"), {7, 1, 0, 1}})));
    }

    TEST_CASE("a proxy ignores methods that it does not know") {
        const Buffer stream = wire::join(greeting({0x20, 0, 0x7f}), request_for("zoom.us"));
        CHECK(read(stream) == Read{.host = "zoom.us", .size = stream.size()});
    }

    TEST_CASE("the address and the port that are asked for are known") {
        const auto asked = [](const Buffer& stream) {
            const auto found = socks::read_request(stream).value();
            CHECK(found.port == 443);
            return found.address ? to_string(*found.address) : "";
        };
        CHECK(asked(version_4(octets("198.51.100.1"), "me")) == "198.51.100.1");
        CHECK(asked(version_4({0, 0, 0, 1}, "me", "zoom.us")).empty());
        CHECK(asked(wire::join(greeting(), request(1, octets("198.51.100.1")))) == "198.51.100.1");
        CHECK(asked(wire::join(greeting(), request(4, octets("2001:db8::1")))) == "2001:db8::1");
        CHECK(asked(wire::join(greeting(), request_for("zoom.us"))).empty());
        CHECK(asked(wire::join(greeting(), request(1, octets("198.51.100.1"), 3))).empty());
    }

    TEST_CASE("an address of an unknown type is malformed") {
        const auto found =
            socks::read_request(wire::join(greeting(), request(2, octets("192.0.2.1"))));
        REQUIRE_FALSE(found);
        CHECK(found.error() == Problem::malformed);
    }

    TEST_CASE("BIND and UDP ASSOCIATE are requests of SOCKS 5 too") {
        for (const std::size_t command : {2UL, 3UL})
            CHECK(read(wire::join(greeting(), request(1, octets("198.51.100.1"), command))).size >
                  0);
    }

    TEST_CASE("SOCKS 4 does not wait for the end of a user id or a name for ever") {
        const Buffer user = version_4(octets("198.51.100.1"), "");
        const Buffer host = version_4({0, 0, 0, 1}, "me");
        for (const Bytes open : {Bytes(user).first(user.size() - 1), Bytes(host)}) {
            CHECK_FALSE(foreign(wire::join(open, Buffer(255, 'x'))));
            CHECK(foreign(wire::join(open, Buffer(256, 'x'))));
        }
    }

    TEST_CASE("a user id or a name that is too long is refused, cut or whole") {
        const std::string longest(255, 'x');
        CHECK(read(version_4({0, 0, 0, 1}, longest, longest)).host == longest);
        for (const Buffer& stream : {version_4({0, 0, 0, 1}, "me", longest + 'x'),
                                     version_4({0, 0, 0, 1}, longest + 'x', "zoom.us")}) {
            CHECK(foreign(stream));
            CHECK(foreign(wire::join(stream, data)));
        }
    }
}

TEST_SUITE("socks in a stream") {
    TEST_CASE("the name asked for names the flow, however the request is cut") {
        const Buffer stream =
            chain({greeting({0, 2}), password("me", "x"), request_for("us05web.zoom.us")});
        for (std::size_t cut = 1; cut < stream.size(); ++cut) {
            CAPTURE(cut);
            Inspection inspection;
            inspection.handshake();
            inspection.from_client(0, Bytes(stream).first(cut));
            CHECK(inspection.findings().open());
            inspection.from_client(cut, Bytes(stream).subspan(cut));
            CHECK(inspection.findings().server_name == "us05web.zoom.us");
            CHECK(inspection.findings().ending == Ending::named);
        }
    }

    TEST_CASE("behind a request for an address the ClientHello names the flow") {
        for (const Buffer& start : {chain({greeting(), request(1, octets("198.51.100.1"))}),
                                    version_4(octets("198.51.100.1"), "me"),
                                    chain({greeting(), request_for("198.51.100.1")})}) {
            Inspection inspection;
            inspection.handshake();
            inspection.from_client(0, start);
            CHECK(inspection.findings().open());
            inspection.from_client(start.size(), Bytes(data).first(70));
            inspection.from_client(start.size() + 70, Bytes(data).subspan(70));
            CHECK(inspection.findings().server_name == "visio.numerique.gouv.fr");
            CHECK(inspection.findings().name_kind == EvidenceKind::tls_sni);
        }
    }
}
