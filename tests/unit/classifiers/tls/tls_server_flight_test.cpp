#include "classifiers/tls/tls_server_flight.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using tls::NoCertificate;
using tls::server_certificate;
using wire::Buffer;

namespace {

// RFC 5246 7.4
Buffer handshake(std::size_t type, const Buffer& body) {
    return wire::Fields().u8(type).vector24(body).take();
}

const Buffer server_hello = handshake(2, Buffer(70, 0x5a));
const Buffer session_ticket = handshake(4, Buffer(20, 0x5b));
const Buffer own = Buffer(300, 0xce);

// RFC 5246 7.4.2: a list of certificates, the server's own first.
Buffer certificates(const std::vector<Buffer>& list) {
    wire::Fields entries;
    for (const Buffer& entry : list)
        entries.vector24(entry);
    return handshake(11, wire::Fields().vector24(entries.take()).take());
}

Buffer flight(const Buffer& certificate_message) {
    return wire::join(server_hello, certificate_message);
}

Buffer record(std::size_t type, const Buffer& fragment) {
    return wire::Fields().u8(type).u16(0x0303).vector16(fragment).take();
}

// Why a stream holds no certificate.
NoCertificate reason(Bytes stream) {
    std::vector<std::uint8_t> scratch;
    const auto found = server_certificate(stream, scratch);
    REQUIRE_FALSE(found);
    return found.error();
}

bool finds_own(Bytes stream) {
    std::vector<std::uint8_t> scratch;
    const auto found = server_certificate(stream, scratch);
    return found && std::ranges::equal(*found, own);
}

}  // namespace

TEST_SUITE("tls server flight") {
    TEST_CASE("the server's own certificate is the first of the list") {
        CHECK(finds_own(wire::in_records(flight(certificates({own})))));
        CHECK(finds_own(wire::in_records(flight(certificates({own, Buffer(900, 0xca)})))));
    }

    TEST_CASE("messages may share records or be split over them anywhere") {
        const Buffer messages = flight(certificates({own, Buffer(900, 0xca)}));
        for (const std::size_t size : {1U, 3U, 4U, 73U, 74U, 75U, 400U}) {
            CAPTURE(size);
            CHECK(finds_own(wire::in_records(messages, size)));
        }
    }

    TEST_CASE("messages between the ServerHello and the certificate are skipped") {
        CHECK(finds_own(wire::in_records(
            wire::join(wire::join(server_hello, session_ticket), certificates({own})))));
    }

    TEST_CASE("a warning before the ServerHello is skipped") {  // RFC 6066 3: unrecognized_name
        const Buffer stream =
            wire::join(record(21, {1, 112}), wire::in_records(flight(certificates({own}))));
        CHECK(finds_own(stream));
        for (std::size_t n = 0; n < stream.size(); ++n)
            CHECK(reason(Bytes(stream).first(n)) == NoCertificate::incomplete);
        CHECK(reason(wire::join(record(21, {2, 40}), stream)) == NoCertificate::none);
    }

    TEST_CASE("every proper prefix is incomplete") {
        const Buffer stream = wire::in_records(flight(certificates({own})), 100);
        for (std::size_t length = 0; length < stream.size(); ++length) {
            CAPTURE(length);
            CHECK(reason(Bytes(stream).first(length)) == NoCertificate::incomplete);
        }
        CHECK(finds_own(stream));
    }

    TEST_CASE("after a resumed handshake or in TLS 1.3 no certificate comes") {
        const Buffer hello = wire::in_records(server_hello);
        CHECK(reason(wire::join(hello, record(20, {1}))) == NoCertificate::none);
        CHECK(reason(wire::join(hello, record(23, Buffer(500)))) == NoCertificate::none);
        CHECK(reason(wire::join(hello, record(21, {2, 40}))) == NoCertificate::none);  // alert
    }

    TEST_CASE("a certificate before a record of another kind counts") {
        CHECK(
            finds_own(wire::join(wire::in_records(flight(certificates({own}))), record(20, {1}))));
    }

    TEST_CASE("a stream that does not start with one ServerHello has none") {
        CHECK(reason(wire::in_records(certificates({own}))) == NoCertificate::none);
        CHECK(reason(wire::in_records(wire::client_hello({}))) == NoCertificate::none);
        CHECK(reason(wire::in_records(wire::join(server_hello, flight(certificates({own}))))) ==
              NoCertificate::none);
        CHECK(reason(wire::text("HTTP/1.1 200 OK\r\n")) == NoCertificate::none);
        CHECK(reason(wire::Fields().u8(22).u16(0x0200).vector16(server_hello).take()) ==
              NoCertificate::none);
    }

    TEST_CASE("an empty list, or lengths that do not fit, hold no certificate") {
        const auto none = [](const Buffer& body) {
            return reason(wire::in_records(flight(handshake(11, body)))) == NoCertificate::none;
        };
        CHECK(none(wire::Fields().u24(0).take()));
        CHECK(none({}));
        CHECK(none(wire::Fields().u24(400).u24(10).fill(10).take()));  // list beyond the message
        CHECK(none(wire::Fields().u24(13).u24(11).fill(20).take()));   // entry beyond the list
        CHECK(none(wire::Fields().u24(3).u24(0).take()));              // empty entry
    }

    TEST_CASE("what the scratch buffer held before does not count") {
        std::vector<std::uint8_t> scratch = flight(certificates({own}));
        const auto found = server_certificate(wire::in_records(server_hello), scratch);
        REQUIRE_FALSE(found);
        CHECK(found.error() == NoCertificate::incomplete);
    }

    TEST_CASE("a server is known by the first octet of its first message") {
        const Buffer stream = wire::in_records(server_hello);
        for (std::size_t length = 0; length < 6; ++length)
            CHECK_FALSE(tls::starts_with_server_hello(Bytes(stream).first(length)));
        CHECK(tls::starts_with_server_hello(Bytes(stream).first(6)));
        CHECK_FALSE(tls::starts_with_server_hello(wire::client_stream()));
        CHECK_FALSE(tls::starts_with_server_hello(record(21, {2, 40})));
    }
}
