// Tests of classifiers/net/checksums.cpp and daemon/replay/receivers.cpp.
#include "daemon/replay/receivers.hpp"

#include <doctest/doctest.h>

#include "tests/unit/checksummed.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;
using wire::Connection;

namespace {

const Connection connection;
const Connection connection_6{.client = wire::endpoint("2001:db8::1", 50000),
                              .server = wire::endpoint("2001:db8::2", 443)};

Checksums of(const Buffer& packet) {
    return checksums_of(decode_packet(packet, {}).value(), packet);
}

Buffer datagram(std::string_view payload) {
    return wire::ipv4({.protocol = 17}, wire::udp(50000, 443, wire::text(payload)));
}

// The last octet of `packet`, changed on the way.
Buffer damaged(Buffer packet) {
    packet.back() ^= 0x20U;
    return packet;
}

Receivers after(const std::vector<Buffer>& packets) {
    Receivers receivers;
    for (const Buffer& packet : packets)
        receivers.note(packet);
    return receivers;
}

}  // namespace

TEST_SUITE("checksums") {
    TEST_CASE("right and wrong ones are told apart, over IPv4 and IPv6") {
        for (const Connection& each : {connection, connection_6}) {
            for (const std::string_view payload : {"odd", "even", ""}) {
                const Buffer packet = checksummed(each.from_client(0, wire::text(payload)));
                CHECK(of(packet).transport == Checksum::right);
                CHECK(of(damaged(packet)).transport == Checksum::wrong);
            }
        }
        const Buffer packet = checksummed(datagram("payload"));
        CHECK(of(packet).header == Checksum::right);
        CHECK(of(packet).transport == Checksum::right);
        CHECK(of(damaged(packet)).transport == Checksum::wrong);
        Buffer header = packet;
        header[8] ^= 1U;  // time to live
        CHECK(of(header).header == Checksum::wrong);
        CHECK(of(header).transport == Checksum::right);
    }

    TEST_CASE("a field that nobody filled in, and half a sum, tell nothing") {
        const Buffer empty = connection.from_client(0, wire::text("payload"));
        CHECK(of(empty).header == Checksum::unknown);
        CHECK(of(empty).transport == Checksum::unknown);
        CHECK(of(datagram("payload")).transport == Checksum::unknown);
        for (const Buffer& packet :
             {empty, connection_6.from_client(0, wire::text("payload")), datagram("payload")}) {
            CHECK(of(half_checksummed(packet, true)).transport == Checksum::unknown);
            CHECK(of(half_checksummed(packet, false)).transport == Checksum::unknown);
        }
    }

    TEST_CASE("a packet that is not all there tells nothing") {
        for (const Connection& each : {connection, connection_6}) {
            Buffer cut = checksummed(each.from_client(0, wire::text("payload")));
            cut.pop_back();
            CHECK(of(cut).transport == Checksum::unknown);
        }
        Buffer offloaded = checksummed(connection.from_client(0, wire::text("payload")));
        offloaded[2] = offloaded[3] = 0;  // total length
        CHECK(of(offloaded).transport == Checksum::unknown);
    }

    TEST_CASE("octets behind the packet and behind the datagram are not covered") {
        Buffer padded = checksummed(datagram("payload"));
        padded.insert(padded.end(), {1, 2, 3});
        CHECK(of(padded).transport == Checksum::right);
        padded[3] += 2;  // of the packet, yet not of the datagram
        CHECK(of(padded).transport == Checksum::right);
    }

    TEST_CASE("extension headers are passed over, a source route is not") {
        const Buffer segment = wire::tcp({}, wire::text("payload"));
        const auto behind = [&](std::size_t type, std::size_t segments_left) {
            const Buffer options = wire::Fields()
                                       .u8(6)  // next header
                                       .u8(0)  // length
                                       .u8(4)  // routing type
                                       .u8(segments_left)
                                       .fill(4)
                                       .take();
            return checksummed(wire::ipv6({.next_header = type}, wire::join(options, segment)));
        };
        CHECK(of(behind(60, 1)).transport == Checksum::right);
        CHECK(of(behind(43, 0)).transport == Checksum::right);
        CHECK(of(behind(43, 1)).transport == Checksum::unknown);
    }
}

TEST_SUITE("receivers") {
    TEST_CASE("a wrong checksum beside right ones is discarded") {
        const Buffer hello = checksummed(connection.from_client(0, wire::text("hello")));
        const Receivers receivers = after({hello, damaged(hello)});
        CHECK(receivers.discard(damaged(hello)));
        CHECK_FALSE(receivers.discard(hello));
    }

    TEST_CASE("each direction stands for itself") {
        const Buffer hello = checksummed(connection.from_client(0, wire::text("hello")));
        const Buffer answer = checksummed(connection.from_server(0, wire::text("answer")));
        const Receivers receivers = after({hello, damaged(answer)});
        CHECK_FALSE(receivers.discard(damaged(answer)));
        CHECK(receivers.discard(damaged(hello)));
    }

    TEST_CASE("where no checksum is right, none is wrong") {
        const Buffer hello = checksummed(connection.from_client(0, wire::text("hello")));
        CHECK_FALSE(after({damaged(hello), damaged(hello)}).discard(damaged(hello)));
        CHECK_FALSE(Receivers().discard(damaged(hello)));
    }

    TEST_CASE("a payload that was rewritten since says nothing of segments without one") {
        const Buffer syn = checksummed(connection.syn());
        const Buffer hello = checksummed(connection.from_client(0, wire::text("hello")));
        CHECK_FALSE(after({syn, damaged(hello)}).discard(damaged(hello)));
        CHECK(after({syn, damaged(hello), hello}).discard(damaged(hello)));
    }

    TEST_CASE("a SYN-ACK of the client's own making is discarded") {
        const Connection turned{.client = connection.server, .server = connection.client};
        const Buffer forged = damaged(checksummed(turned.syn_ack()));
        CHECK(after({forged, checksummed(connection.syn())}).discard(forged));
    }

    TEST_CASE("a wrong header checksum is discarded beside right ones") {
        const Buffer hello = checksummed(connection.from_client(0, wire::text("hello")));
        Buffer broken = hello;
        broken[8] ^= 1U;  // time to live
        CHECK(after({hello}).discard(broken));
        CHECK_FALSE(after({broken}).discard(broken));
    }

    TEST_CASE("half a sum is never discarded: the card completes it, or GRO has checked it") {
        const Buffer hello = checksummed(connection.from_client(0, wire::text("hello")));
        const Receivers receivers = after({hello});
        CHECK_FALSE(receivers.discard(half_checksummed(hello, true)));
    }

    TEST_CASE("one right checksum in thousands is chance") {
        const Buffer hello = checksummed(connection.from_client(0, wire::text("hello")));
        std::vector<Buffer> packets(1024, damaged(hello));
        packets.push_back(hello);
        CHECK_FALSE(after(packets).discard(damaged(hello)));
        packets.push_back(hello);
        CHECK(after(packets).discard(damaged(hello)));
    }
}
