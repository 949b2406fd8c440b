#include "classifiers/quic_hello.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/unit/quic_wire.hpp"

using namespace octroi;
using Result = octroi::quic::Hello::Result;
using wire::Buffer;
using wire::crypto_frame;
using wire::initial;

namespace {

const Buffer client_hello = wire::client_hello({.padding = 43});  // 154 octets
const Buffer servers_id = wire::text("server's");
const quic::Peers peers{.client = wire::endpoint("10.0.0.1", 50000).address,
                        .server = wire::endpoint("198.51.100.1", 443)};

// One connection, with a budget of its own.
struct Connection {
    explicit Connection(std::size_t limit = 1UL << 20U) : budget(limit) {}

    Result feed(Bytes datagram) { return hello.feed(peers, datagram, opener, budget); }

    [[nodiscard]] std::uint32_t version() const { return hello.identity().version; }

    [[nodiscard]] bool complete() const {
        return std::ranges::equal(hello.message(), client_hello);
    }

    quic::Opener opener;
    MemoryBudget budget;
    quic::Hello hello;
};

Buffer slice(std::size_t from, std::size_t to) {
    return {client_hello.begin() + static_cast<std::ptrdiff_t>(from),
            client_hello.begin() + static_cast<std::ptrdiff_t>(to)};
}

// The CRYPTO frame of the ClientHello's octets [from, to).
Buffer piece(std::size_t from, std::size_t to) {
    return crypto_frame(from, slice(from, to));
}

Buffer whole() {
    return piece(0, client_hello.size());
}

Buffer end_of_it(std::size_t from) {
    return piece(from, client_hello.size());
}

Buffer join_all(const std::vector<Buffer>& parts) {
    wire::Fields joined;
    for (const Buffer& part : parts)
        joined.bytes(part);
    return joined.take();
}

}  // namespace

TEST_SUITE("quic hello") {
    TEST_CASE("a ClientHello in one frame is complete, in every version") {
        for (const std::uint32_t version : {wire::quic_v1, wire::quic_v2, wire::quic_draft_29}) {
            CAPTURE(version);
            Connection connection;
            CHECK(connection.feed(initial({.version = version}, whole())) == Result::complete);
            CHECK(connection.complete());
            CHECK(connection.version() == version);
            CHECK(connection.budget.used() == 0);  // read where it lies
        }
    }

    TEST_CASE("packet numbers of 1 to 4 octets are read") {
        for (std::size_t size = 1; size <= 4; ++size) {
            CAPTURE(size);
            Connection connection;
            const std::uint32_t number = 0x01020304U & (0xffffffffU >> (8 * (4 - size)));
            CHECK(connection.feed(initial({.number = number, .number_size = size}, whole())) ==
                  Result::complete);
        }
    }

    TEST_CASE("frames of one packet in any order, with PING, PADDING and ACK between them") {
        const Buffer frames = join_all({end_of_it(80),
                                        Buffer(7, wire::padding_frame),
                                        {wire::ping_frame},
                                        piece(20, 50),
                                        wire::ack_frame(0),
                                        piece(0, 20),
                                        {wire::ping_frame},
                                        piece(50, 80)});
        Connection connection;
        CHECK(connection.feed(initial({}, frames)) == Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("frames over several Initials in any order of arrival") {
        std::vector<Buffer> datagrams = {
            initial({.number = 0}, piece(0, 40)), initial({.number = 1}, piece(40, 80)),
            initial({.number = 2}, piece(80, 120)), initial({.number = 3}, end_of_it(120))};
        std::ranges::sort(datagrams);
        do {
            Connection connection;
            for (std::size_t i = 0; i < 3; ++i)
                CHECK(connection.feed(datagrams[i]) == Result::opened);
            CHECK(connection.feed(datagrams[3]) == Result::complete);
            CHECK(connection.complete());
        } while (std::ranges::next_permutation(datagrams).found);
    }

    TEST_CASE("an Initial without CRYPTO frames tells that it is QUIC") {
        Connection connection;
        CHECK(connection.feed(initial({}, {wire::ping_frame})) == Result::opened);
        CHECK(connection.version() == wire::quic_v1);
        CHECK(connection.hello.message().empty());
    }

    TEST_CASE("a message is complete by its own length, whatever follows it") {
        Connection connection;
        const Buffer followed = wire::join(client_hello, wire::text("more"));
        CHECK(connection.feed(initial({}, crypto_frame(0, followed))) == Result::complete);
        CHECK(connection.complete());
        Connection cut;
        CHECK(cut.feed(initial({}, piece(0, client_hello.size() - 1))) == Result::opened);
        CHECK(cut.hello.message().empty());
    }

    TEST_CASE("packets coalesced in one datagram are all read") {
        Connection connection;
        const Buffer datagram = join_all({wire::opaque_packet(1, {}),  // 0-RTT
                                          initial({.number = 0}, end_of_it(60)),
                                          wire::opaque_packet(2, {}),  // Handshake
                                          initial({.number = 1}, piece(0, 60))});
        CHECK(connection.feed(datagram) == Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("datagrams that the kernel put together are read, zeros behind each of them") {
        Connection connection;
        const Buffer datagram = join_all({initial({.number = 0}, end_of_it(60)), Buffer(400),
                                          initial({.number = 1}, piece(0, 60)), Buffer(900)});
        CHECK(connection.feed(datagram) == Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("what follows the Initial and is no long header does no harm") {
        Connection connection;
        const Buffer short_header = wire::Fields().u8(0x43).fill(40, 0x5a).take();
        CHECK(connection.feed(wire::join(initial({}, piece(0, 60)), short_header)) ==
              Result::opened);
        CHECK(connection.feed(wire::join(initial({.number = 1}, end_of_it(60)), wire::text("x"))) ==
              Result::complete);
    }

    TEST_CASE("connection ids may be empty") {
        Connection connection;
        const Buffer none;
        CHECK(connection.feed(initial({.destination = none}, piece(0, 60))) == Result::opened);
        CHECK(connection.feed(initial({.destination = none, .number = 1}, end_of_it(60))) ==
              Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("the keys stay when the client turns to the server's connection id") {
        Connection connection;
        const wire::Initial first{.number = 0};
        CHECK(connection.feed(initial(first, piece(0, 60))) == Result::opened);
        CHECK(connection.feed(
                  initial({.destination = servers_id, .number = 1, .keys_from = first.destination},
                          end_of_it(60))) == Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("a Retry gives new keys, and the stream starts again") {
        Connection connection;
        CHECK(connection.feed(initial({.number = 0}, piece(0, 60))) == Result::opened);
        const wire::Initial again{
            .destination = servers_id, .token = wire::text("token"), .number = 1};
        CHECK(connection.feed(initial(again, piece(0, 100))) == Result::opened);
        wire::Initial last = again;
        last.number = 2;
        CHECK(connection.feed(initial(last, end_of_it(100))) == Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("what was sent before a Retry does not count after it") {
        Connection connection;
        CHECK(connection.feed(initial({.number = 0}, piece(0, 60))) == Result::opened);
        CHECK(connection.feed(
                  initial({.destination = servers_id, .token = wire::text("token"), .number = 1},
                          end_of_it(60))) == Result::opened);
        CHECK(connection.hello.message().empty());
    }

    TEST_CASE("a change from version 1 to 2 keeps the connection id of the keys, and the stream") {
        Connection connection;
        const wire::Initial first{.number = 0};
        CHECK(connection.feed(initial(first, piece(0, 60))) == Result::opened);
        CHECK(connection.feed(initial({.version = wire::quic_v2,
                                       .destination = servers_id,
                                       .number = 1,
                                       .keys_from = first.destination},
                                      end_of_it(60))) == Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("a new connection in another version on the same ports is read") {
        Connection connection;
        CHECK(connection.feed(initial({.version = wire::quic_draft_29}, piece(0, 60))) ==
              Result::opened);
        CHECK(connection.feed(initial({.destination = wire::text("another")}, piece(0, 90))) ==
              Result::opened);
        CHECK(connection.feed(initial({.destination = wire::text("another"), .number = 1},
                                      end_of_it(90))) == Result::complete);
        CHECK(connection.version() == wire::quic_v1);
        CHECK(connection.complete());
    }

    TEST_CASE("octets that come twice alike do no harm") {
        Connection connection;
        CHECK(connection.feed(initial({.number = 0}, piece(30, 90))) == Result::opened);
        CHECK(connection.feed(initial({.number = 0}, piece(30, 90))) == Result::opened);
        CHECK(connection.feed(initial({.number = 1}, piece(20, 100))) == Result::opened);
        CHECK(connection.feed(initial({.number = 2}, piece(0, 50))) == Result::opened);
        CHECK(connection.feed(initial({.number = 3}, end_of_it(99))) == Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("an octet that comes twice with two values is a conflict, behind a gap too") {
        for (const std::size_t start : {0UL, 30UL}) {
            CAPTURE(start);
            Connection connection;
            CHECK(connection.feed(initial({.number = 0}, piece(start, 90))) == Result::opened);
            Buffer other = slice(89, 100);
            other[0] ^= 0x20U;
            CHECK(connection.feed(initial({.number = 1}, crypto_frame(89, other))) ==
                  Result::conflict);
            CHECK(connection.hello.message().empty());
        }
    }

    TEST_CASE("a packet that is not authentic counts as if it had not come") {
        Connection connection;
        CHECK(connection.feed(initial({.number = 0}, piece(0, 60))) == Result::opened);
        Buffer forged = initial({.number = 1}, crypto_frame(20, Buffer(90, 'x')));
        forged.back() ^= 1U;
        CHECK(connection.feed(forged) == Result::no_quic);
        // The server's own Initials are under other keys.
        CHECK(connection.feed(initial({.number = 1, .keys_from = servers_id}, whole())) ==
              Result::no_quic);
        CHECK(connection.feed(initial({.number = 1}, end_of_it(60))) == Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("any changed octet of a packet makes it no QUIC, or leaves out the packet") {
        const Buffer packet = initial({}, whole());
        for (std::size_t i = 0; i < packet.size(); ++i) {
            CAPTURE(i);
            Buffer changed = packet;
            changed[i] ^= 0x04U;
            Connection connection;
            CHECK(connection.feed(changed) == Result::no_quic);
        }
    }

    TEST_CASE("a packet cut at any octet is no QUIC") {
        const Buffer packet = initial({}, piece(0, 60));
        for (std::size_t length = 0; length < packet.size(); ++length) {
            CAPTURE(length);
            Connection connection;
            CHECK(connection.feed(Bytes(packet).first(length)) == Result::no_quic);
            CHECK(!connection.hello.any());
        }
    }

    TEST_CASE("a packet too short for its sample is no QUIC") {
        for (std::size_t length = 0; length < 20; ++length) {
            CAPTURE(length);
            Connection connection;
            const Buffer packet = wire::Fields()
                                      .u8(0xc0)
                                      .u32(1)
                                      .vector8(wire::text("DEST"))
                                      .vector8({})
                                      .u8(0)       // token length
                                      .u8(length)  // length
                                      .fill(length, 0x5a)
                                      .take();
            CHECK(connection.feed(packet) == Result::no_quic);
        }
    }

    TEST_CASE("Retry, version negotiation and packets without keys are no QUIC to a client") {
        Connection connection;
        CHECK(connection.feed(wire::retry_packet({})) == Result::no_quic);
        CHECK(connection.feed(wire::opaque_packet(2, {})) == Result::no_quic);
        CHECK(connection.feed(wire::Fields().u8(0x80).u32(0).u8(0).u8(0).u32(1).take()) ==
              Result::no_quic);
        CHECK(connection.feed(Buffer(1200)) == Result::no_quic);
        CHECK(connection.feed({}) == Result::no_quic);
    }

    TEST_CASE("an authentic packet with a frame that does not belong there is malformed") {
        Connection connection;
        const Buffer frames = wire::join(piece(0, 60), Buffer{0x08});  // STREAM
        CHECK(connection.feed(initial({}, frames)) == Result::malformed);
    }

    TEST_CASE("a message beyond 64 KiB is never complete and takes no memory for its far end") {
        Connection connection;
        const Buffer head = wire::Fields().u8(1).u24(0x020000).fill(900, 0x5a).take();
        CHECK(connection.feed(initial({.number = 0}, crypto_frame(0, head))) == Result::opened);
        const std::size_t used = connection.budget.used();
        for (const std::uint64_t offset : {std::uint64_t{TcpStream::capacity},
                                           std::uint64_t{1} << 32U, (std::uint64_t{1} << 62U) - 1})
            CHECK(connection.feed(initial({.number = 1}, crypto_frame(offset, wire::text("x")))) ==
                  Result::opened);
        CHECK(connection.budget.used() == used);
    }

    TEST_CASE("a worker without memory says so") {
        Connection connection(100);
        CHECK(connection.feed(initial({}, piece(0, 60))) == Result::no_memory);
        CHECK(connection.budget.used() == 0);
    }

    TEST_CASE("the buffers go back with the connection") {
        quic::Opener opener;
        MemoryBudget budget(1UL << 20U);
        {
            quic::Hello hello;
            CHECK(hello.feed(peers, initial({}, piece(0, 60)), opener, budget) == Result::opened);
            CHECK(budget.used() > 0);
        }
        CHECK(budget.used() == 0);
    }

    TEST_CASE("connections that share an opener do not mix") {
        quic::Opener opener;
        MemoryBudget budget(1UL << 20U);
        quic::Hello one;
        quic::Hello other;
        const Buffer name = wire::text("other id");
        CHECK(one.feed(peers, initial({}, piece(0, 60)), opener, budget) == Result::opened);
        CHECK(other.feed(peers, initial({.destination = name}, crypto_frame(0, Buffer(90, 2))),
                         opener, budget) == Result::opened);
        CHECK(one.feed(peers, initial({.number = 1}, end_of_it(60)), opener, budget) ==
              Result::complete);
        CHECK(std::ranges::equal(one.message(), client_hello));
    }
}
