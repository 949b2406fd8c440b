#include "classifiers/quic/quic_hello.hpp"

#include <algorithm>
#include <array>

#include <doctest/doctest.h>

#include "tests/unit/quic_wire.hpp"

using namespace octroi;
using Answer = octroi::quic::Hello::Answer;
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

    [[nodiscard]] quic::Hello::Answer answer(const Buffer& datagram) {
        return hello.answer(datagram, opener);
    }

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

    TEST_CASE("a message beyond 64 KiB is too large and takes no memory for its far end") {
        Connection connection;
        const Buffer head = wire::Fields().u8(1).u24(0x020000).fill(900, 0x5a).take();
        CHECK(connection.feed(initial({.number = 0}, crypto_frame(0, head))) == Result::too_large);
        const std::size_t used = connection.budget.used();
        for (const std::uint64_t offset : {std::uint64_t{TcpStream::capacity},
                                           std::uint64_t{1} << 32U, (std::uint64_t{1} << 62U) - 1})
            CHECK(connection.feed(initial({.number = 1}, crypto_frame(offset, wire::text("x")))) ==
                  Result::too_large);
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
        CHECK(other.feed(peers, initial({.destination = name}, piece(0, 70)), opener, budget) ==
              Result::opened);
        CHECK(one.feed(peers, initial({.number = 1}, end_of_it(60)), opener, budget) ==
              Result::complete);
        CHECK(std::ranges::equal(one.message(), client_hello));
    }

    TEST_CASE("what servers must discard counts until a datagram of 1200 octets begins anew") {
        const Buffer decoy =
            crypto_frame(0, wire::client_hello({.server_name = "visio.numerique.gouv.fr"}));
        for (const std::size_t size : {0UL, 600UL, 1199UL}) {
            CAPTURE(size);
            Connection connection;
            CHECK(connection.feed(initial({.size = size}, decoy)) == Result::complete);
            CHECK(connection.hello.is_doubtful());
            CHECK(connection.feed(initial({.number = 1}, whole())) == Result::complete);
            CHECK(connection.complete());
            CHECK_FALSE(connection.hello.is_doubtful());
        }
    }

    TEST_CASE("pieces in small datagrams are of the connection that a large one begins") {
        Connection connection;
        CHECK(connection.feed(initial({.number = 0, .size = 0}, piece(0, 60))) == Result::opened);
        CHECK(connection.hello.is_doubtful());
        CHECK(connection.feed(initial({.number = 1}, end_of_it(60))) == Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("a begun connection may go on in smaller datagrams: some servers take them") {
        Connection connection;
        CHECK(connection.feed(initial({.number = 0}, piece(0, 60))) == Result::opened);
        CHECK(connection.feed(initial({.number = 1, .size = 0}, end_of_it(60))) ==
              Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("the fixed bit may be clear") {
        Connection connection;
        CHECK(connection.feed(initial({.fixed_bit = false}, whole())) == Result::complete);
        CHECK(connection.complete());
    }

    TEST_CASE("connection ids of any length are read") {
        for (const std::size_t size : {1UL, 7UL, 8UL, 20UL, 21UL, 255UL}) {
            CAPTURE(size);
            Connection connection;
            const Buffer id(size, 0x1d);
            CHECK(connection.feed(initial({.destination = id, .number = 0}, piece(0, 60))) ==
                  Result::opened);
            CHECK(connection.feed(initial({.destination = id, .number = 1}, end_of_it(60))) ==
                  Result::complete);
            CHECK(connection.complete());
        }
    }

    TEST_CASE("an Initial behind another datagram of the same length is read, whatever that is") {
        const Buffer packet = initial({}, whole());
        for (const std::uint8_t octet : std::to_array<std::uint8_t>({0x00, 0x40, 0x80, 0xff})) {
            CAPTURE(octet);
            Connection connection;
            CHECK(connection.feed(wire::join(Buffer(packet.size(), octet), packet)) ==
                  Result::complete);
            CHECK(connection.complete());
        }
    }

    TEST_CASE("an Initial that a tunnel carries is not the tunnel's") {
        Connection connection;
        CHECK(connection.feed(wire::join(Buffer(50, 0x08), initial({}, whole()))) ==
              Result::no_quic);
    }

    TEST_CASE("two different ClientHellos in one datagram are a conflict") {
        Connection connection;
        CHECK(connection.feed(wire::join(initial({}, whole()),
                                         initial({.destination = servers_id}, whole()))) ==
              Result::conflict);
        Connection same;
        CHECK(same.feed(initial({}, join_all({whole(), whole()}))) == Result::complete);
        CHECK(same.complete());
    }

    TEST_CASE("more packets than can be tried are too many, and not none") {
        Buffer forged = initial({}, whole());
        forged.back() ^= 1U;  // of its tag
        Buffer many;
        for (int i = 0; i < 200; ++i)
            many = wire::join(many, forged);
        Connection connection;
        CHECK(connection.feed(wire::join(many, initial({}, whole()))) == Result::too_large);
    }

    TEST_CASE("a ClientHello that differs from the one that was complete is a conflict") {
        const Buffer other = wire::client_hello({.server_name = "visio.numerique.gouv.fr"});
        Connection connection;
        CHECK(connection.feed(initial({.number = 0}, whole())) == Result::complete);
        CHECK(connection.feed(initial({.number = 1}, whole())) == Result::opened);
        CHECK(connection.feed(initial({.number = 2}, piece(30, 90))) == Result::opened);
        CHECK(connection.feed(initial({.number = 3}, crypto_frame(0, other))) == Result::conflict);
    }

    TEST_CASE("a second ClientHello behind the first is complete again") {
        const Buffer second = wire::client_hello({.server_name = "visio.numerique.gouv.fr"});
        Connection connection;
        CHECK(connection.feed(initial({.number = 0}, whole())) == Result::complete);
        const wire::Initial header{
            .destination = servers_id, .number = 1, .keys_from = wire::Initial().destination};
        CHECK(connection.feed(
                  initial(header, crypto_frame(client_hello.size(), Bytes(second).first(50)))) ==
              Result::opened);
        CHECK(connection.feed(initial(
                  header, crypto_frame(client_hello.size() + 50, Bytes(second).subspan(50)))) ==
              Result::complete);
        CHECK(std::ranges::equal(connection.hello.message(), second));
    }

    TEST_CASE("a connection that begins again in another version is another connection") {
        const Buffer second = wire::client_hello({.server_name = "www.zoom.us"});
        Connection connection;
        CHECK(connection.feed(initial({.version = wire::quic_draft_29}, whole())) ==
              Result::complete);
        CHECK(connection.feed(initial({}, crypto_frame(0, second))) == Result::complete);
        CHECK(std::ranges::equal(connection.hello.message(), second));
        CHECK(connection.version() == wire::quic_v1);
    }

    TEST_CASE("pieces from another port are taken in, and a contradiction from there is one") {
        quic::Opener opener;
        MemoryBudget budget(1UL << 20U);
        quic::Hello one;
        quic::Hello other;
        CHECK(one.feed(peers, initial({.number = 0}, piece(0, 60)), opener, budget) ==
              Result::opened);
        CHECK(other.feed(peers, initial({.number = 1}, end_of_it(60)), opener, budget) ==
              Result::complete);
        CHECK(std::ranges::equal(other.message(), client_hello));
        CHECK(one.recall(peers, opener, budget) == Result::complete);
        CHECK(std::ranges::equal(one.message(), client_hello));
        quic::Hello third;
        CHECK(third.feed(peers,
                         initial({.number = 2},
                                 crypto_frame(0, wire::client_hello({.server_name = "a.fr"}))),
                         opener, budget) == Result::conflict);
        // Of another client, or to another server, it is another connection.
        quic::Peers others = peers;
        others.server.port = 8443;
        quic::Hello stranger;
        CHECK(stranger.feed(others, initial({.number = 1}, end_of_it(60)), opener, budget) ==
              Result::opened);
    }
}

namespace {

const Buffer first_id = wire::Initial().destination;

// RFC 8446 4.1.3: the start of a ServerHello; the random says whether another ClientHello is asked
// for.
Buffer server_hello(bool asks_again) {
    return wire::Fields()
        .u8(2)                                                     // server_hello
        .u24(60)                                                   // length
        .u16(0x0303)                                               // version
        .bytes(asks_again ? wire::hexadecimal("cf21ad74e59a6111"   // random
                                              "be1d8c021e65b891"   //
                                              "c2a211167abb8c5e"   //
                                              "079e09e2c8a8339c")  //
                          : Buffer(32, 0x11))                      //
        .fill(26)                                                  // the rest
        .take();
}

Buffer server_initial(const Buffer& frames, const Buffer& keys_from = first_id) {
    return initial(
        {.destination = {}, .source = servers_id, .keys_from = keys_from, .from_server = true},
        frames);
}

}  // namespace

TEST_SUITE("quic answers") {
    TEST_CASE("a ServerHello under the keys of the connection has taken its ClientHello") {
        Connection connection;
        const Buffer answer = server_initial(crypto_frame(0, server_hello(false)));
        CHECK(connection.answer(answer) == Answer::none);
        CHECK(connection.feed(initial({}, whole())) == Result::complete);
        CHECK(connection.answer(answer) == Answer::taken);
        CHECK(connection.answer(wire::join(answer, wire::opaque_packet(2, {}))) == Answer::taken);
    }

    TEST_CASE("nothing else of a server has taken it") {
        Connection connection;
        CHECK(connection.feed(initial({}, whole())) == Result::complete);
        CHECK(connection.answer(server_initial(wire::ack_frame(2))) == Answer::none);
        CHECK(connection.answer(wire::opaque_packet(2, {})) == Answer::none);
        CHECK(connection.answer(wire::retry_packet({})) == Answer::none);
        const Buffer hello = crypto_frame(0, server_hello(false));
        CHECK(connection.answer(server_initial(hello, wire::text("another!"))) == Answer::none);
        CHECK(connection.answer(initial({}, hello)) == Answer::none);  // the client's keys
        Buffer forged = server_initial(hello);
        forged.back() ^= 1U;
        CHECK(connection.answer(forged) == Answer::none);
    }

    TEST_CASE("a ServerHello to what is not complete here says so") {
        Connection connection;
        CHECK(connection.feed(initial({}, piece(0, 60))) == Result::opened);
        CHECK(connection.answer(server_initial(wire::ack_frame(2))) == Answer::none);
        CHECK(connection.answer(server_initial(crypto_frame(0, server_hello(false)))) ==
              Answer::unfinished);
    }

    TEST_CASE("a server that asks again has taken nothing before the second ClientHello") {
        const Buffer again = server_initial(crypto_frame(0, server_hello(true)));
        const Buffer answer = server_initial(crypto_frame(64, server_hello(false)));
        Connection connection;
        CHECK(connection.feed(initial({}, whole())) == Result::complete);
        CHECK(connection.answer(again) == Answer::none);
        CHECK(connection.answer(answer) == Answer::unfinished);
        CHECK(connection.feed(
                  initial({.number = 1}, crypto_frame(client_hello.size(), client_hello))) ==
              Result::complete);
        CHECK(connection.answer(answer) == Answer::taken);
    }

    TEST_CASE("the answer to another connection on the ports is none to the newest ClientHello") {
        Connection connection;
        CHECK(connection.feed(initial({}, whole())) == Result::complete);
        CHECK(connection.feed(initial({.destination = servers_id}, whole())) == Result::complete);
        const Buffer hello = crypto_frame(0, server_hello(false));
        CHECK(connection.answer(server_initial(hello)) == Answer::none);
        CHECK(connection.answer(server_initial(hello, servers_id)) == Answer::taken);
    }
}

TEST_SUITE("quic connections after a decision") {
    // Of a flow that was decided by `first`.
    struct Decided {
        explicit Decided(const Buffer& first) {
            CHECK(connection.feed(first) != Result::no_quic);
            known = connection.hello.identity();
        }

        bool begins_another(const Buffer& datagram) {
            return quic::Hello::begins_another(peers, datagram, known, connection.opener);
        }

        Connection connection;
        quic::Identity known;
    };

    const wire::Initial to_server{.destination = servers_id, .number = 4, .keys_from = first_id};

    TEST_CASE("what repeats the connection, whole or in pieces, begins none") {
        Decided decided(initial({}, whole()));
        CHECK_FALSE(decided.begins_another(initial({}, whole())));
        CHECK_FALSE(decided.begins_another(initial({.number = 1}, piece(30, 90))));
        CHECK_FALSE(decided.begins_another(initial({.number = 1}, {wire::ping_frame})));
        CHECK_FALSE(decided.begins_another(initial(to_server, wire::ack_frame(3))));
        CHECK_FALSE(decided.begins_another(Buffer(1200, 0xc0)));
        CHECK_FALSE(decided.begins_another({}));
    }

    TEST_CASE("a connection under another id, or in another version, begins") {
        Decided decided(initial({}, whole()));
        CHECK(decided.begins_another(initial({.destination = servers_id}, whole())));
        CHECK(decided.begins_another(initial({.version = wire::quic_v2}, whole())));
        const Buffer zero_rtt = wire::opaque_packet(1, {.destination = servers_id});
        CHECK(decided.begins_another(
            wire::join(zero_rtt, initial({.destination = servers_id}, whole()))));
        CHECK(decided.begins_another(
            wire::join(Buffer(1200, 0x40), initial({.destination = servers_id}, whole()))));
    }

    TEST_CASE("another one begins in a small datagram, too: what begot it may be unreadable") {
        Decided decided(initial({}, whole()));
        CHECK(decided.begins_another(initial({.destination = servers_id, .size = 0}, whole())));
    }

    TEST_CASE("another ClientHello under the same id is told") {
        Decided decided(initial({}, whole()));
        const Buffer other = wire::client_hello({.server_name = "www.zoom.us", .padding = 43});
        CHECK(decided.begins_another(initial({.number = 1}, crypto_frame(0, other))));
        CHECK(decided.begins_another(
            initial({.number = 1}, crypto_frame(60, Bytes(other).subspan(60)))));
        CHECK(decided.begins_another(initial(to_server, crypto_frame(0, other))));
        // Nothing of it is remembered: it could be any.
        decided.connection.opener.memory = quic::Memory();
        CHECK(decided.begins_another(initial({}, piece(0, 60))));
    }

    TEST_CASE("a second ClientHello is told where it asks for another name") {
        Decided decided(initial({}, whole()));
        const auto second = [](const Buffer& message) {
            return initial(to_server, crypto_frame(client_hello.size(), message));
        };
        CHECK(decided.begins_another(
            second(wire::client_hello({.server_name = "visio.numerique.gouv.fr"}))));
        CHECK(decided.begins_another(second({1, 0, 1, 0})));  // the start of one
        CHECK_FALSE(decided.begins_another(second(wire::client_hello({.padding = 50}))));
        CHECK_FALSE(decided.begins_another(second(wire::client_hello({.padding = 50}))));
    }

    TEST_CASE("more of a ClientHello that a decision did not wait for begins none") {
        Decided decided(initial({}, piece(0, 60)));
        CHECK_FALSE(decided.begins_another(initial({.number = 1}, end_of_it(60))));
    }

    TEST_CASE("a connection that was decided goes on in a flow that begins with it") {
        Decided decided(initial({}, whole()));
        const Buffer second = wire::client_hello({.server_name = "visio.numerique.gouv.fr"});
        quic::Hello next;
        MemoryBudget budget(1UL << 20U);
        next.resume(decided.known);
        CHECK(next.feed(peers, initial(to_server, crypto_frame(client_hello.size(), second)),
                        decided.connection.opener, budget) == Result::complete);
        CHECK(std::ranges::equal(next.message(), second));
        quic::Hello contradicted;
        contradicted.resume(decided.known);
        CHECK(contradicted.feed(peers, initial({}, crypto_frame(0, second)),
                                decided.connection.opener, budget) == Result::conflict);
    }
}
