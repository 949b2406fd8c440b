#include "classifiers/tls/dtls_handshake.hpp"

#include <doctest/doctest.h>

#include "tests/unit/dtls_wire.hpp"

using namespace octroi;
using namespace octroi::dtls_wire;
using wire::Buffer;

namespace {

const Buffer der(500, 0xce);
const Buffer message = certificate_list(der);

Buffer piece(std::size_t offset, std::size_t size) {
    return record(fragment(certificate, message, offset, size));
}

// One side's datagrams.
struct Side {
    bool shows_certificate(const Buffer& datagram) {
        const auto found = reader.feed(datagram, budget);
        return found && Buffer(found->begin(), found->end()) == der;
    }

    MemoryBudget budget{1UL << 20U};  // outlives the reader
    dtls::CertificateReader reader;
};

std::size_t pieces_in(const Buffer& datagram) {
    dtls::Handshake handshake(datagram);
    std::size_t count = 0;
    while (handshake.next())
        ++count;
    return count;
}

}  // namespace

TEST_SUITE("dtls handshake") {
    TEST_CASE("a datagram's pieces come in its order") {
        const Buffer both = wire::join(whole(server_hello, Buffer(70, 1)), piece(0, 100));
        dtls::Handshake handshake(both);
        const auto hello = handshake.next();
        REQUIRE(hello);
        CHECK(hello->type == server_hello);
        CHECK(hello->octets.size() == 70);
        const auto part = handshake.next();
        REQUIRE(part);
        CHECK(part->type == certificate);
        CHECK(part->length == message.size());
        CHECK(part->octets.size() == 100);
        CHECK_FALSE(handshake.next());
    }

    TEST_CASE("one record may hold several") {
        const Buffer two = wire::join(fragment(certificate, message, 0, 10),
                                      fragment(certificate, message, 10, 10));
        CHECK(pieces_in(record(two)) == 2);
    }

    TEST_CASE("records of another kind and sealed ones are passed over") {
        const Buffer hello = whole(server_hello, Buffer(70, 1));
        CHECK(pieces_in(wire::join(record({1}, {.type = 20}), hello)) == 1);
        CHECK(pieces_in(record(Buffer(60, 0x99), {.epoch = 1})) == 0);
        CHECK(pieces_in(wire::join(record({}), hello)) == 1);
    }

    TEST_CASE("DTLS 1.0 and 1.2, and nothing else") {
        const Buffer content = fragment(server_hello, Buffer(70, 1), 0, 70);
        CHECK(pieces_in(record(content, {.version = 0xfeff})) == 1);
        CHECK(pieces_in(record(content, {.version = 0x0303})) == 0);
        CHECK(pieces_in(record(content, {.version = 0xfefe})) == 0);
        CHECK(pieces_in({}) == 0);
    }

    TEST_CASE("a record or a piece that is longer than what is there holds nothing") {
        Buffer cut = whole(server_hello, Buffer(70, 1));
        cut.pop_back();
        CHECK(pieces_in(cut) == 0);
        Buffer beyond = fragment(server_hello, Buffer(70, 1), 0, 70);
        beyond[8] = 1;  // offset
        CHECK(pieces_in(record(beyond)) == 0);
    }

    TEST_CASE("a certificate in one datagram, behind a ServerHello") {
        Side server;
        CHECK(server.shows_certificate(
            wire::join(whole(server_hello, Buffer(70, 1)), piece(0, message.size()))));
    }

    TEST_CASE("a certificate in pieces, in any order, some of them twice") {
        Side server;
        CHECK_FALSE(server.shows_certificate(piece(300, message.size() - 300)));
        CHECK_FALSE(server.shows_certificate(piece(0, 200)));
        CHECK_FALSE(server.shows_certificate(piece(0, 200)));
        CHECK(server.shows_certificate(piece(150, 150)));
        CHECK_FALSE(server.shows_certificate(piece(150, 150)));
    }

    TEST_CASE("of two pieces for one place the first counts") {
        Side server;
        CHECK_FALSE(server.shows_certificate(piece(0, 200)));
        CHECK_FALSE(server.shows_certificate(
            record(fragment(certificate, Buffer(message.size(), 0), 0, 200))));
        CHECK(server.shows_certificate(piece(200, message.size() - 200)));
    }

    TEST_CASE("another message, or another length, is no piece of it") {
        Side server;
        CHECK_FALSE(server.shows_certificate(piece(0, 200)));
        CHECK_FALSE(server.shows_certificate(
            record(fragment(certificate, message, 200, message.size() - 200, 2))));
        CHECK_FALSE(server.shows_certificate(
            record(fragment(certificate, Buffer(message.size() + 1), 200, 307))));
        CHECK(server.shows_certificate(piece(200, message.size() - 200)));
    }

    TEST_CASE("more than 16 KiB are not kept, nor what the budget has no room for") {
        Side server;
        const Buffer large = certificate_list(Buffer(20000, 1));
        CHECK_FALSE(
            server.reader.feed(record(fragment(certificate, large, 0, 1000)), server.budget));
        CHECK(server.budget.used() == 0);
        Side poor{.budget = MemoryBudget(100)};
        CHECK_FALSE(poor.shows_certificate(piece(0, message.size())));
        CHECK(poor.budget.used() == 0);
    }
}
