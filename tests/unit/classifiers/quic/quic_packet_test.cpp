#include "classifiers/quic/quic_packet.hpp"

#include <algorithm>
#include <array>

#include <doctest/doctest.h>

#include "tests/unit/quic_wire.hpp"

using namespace octroi;
using quic::HeaderError;
using quic::read_crypto_frames;
using quic::read_long_header;
using Type = octroi::quic::LongHeader::Type;
using wire::Buffer;

namespace {

// RFC 9000 17.2.2
Buffer initial_header(const Buffer& token, std::size_t length) {
    return wire::Fields()
        .u8(0xc3)                           // long, fixed, Initial, number of 4 octets
        .u32(0x00000001)                    // version
        .vector8(wire::text("DEST"))        // destination connection id
        .vector8(wire::text("SRC"))         // source connection id
        .bytes(wire::varint(token.size()))  // token length
        .bytes(token)                       // token
        .bytes(wire::varint(length))        // length
        .take();
}

HeaderError error_of(const Buffer& datagram) {
    const auto header = read_long_header(datagram);
    REQUIRE_FALSE(header);
    return header.error();
}

Type type_of(std::uint8_t first, std::uint32_t version) {
    const Buffer packet = wire::Fields()
                              .u8(first)
                              .u32(version)
                              .vector8({})  // destination connection id
                              .vector8({})  // source connection id
                              .u8(0)        // token length, or length
                              .u8(0)        // length
                              .take();
    return read_long_header(packet).value().type;
}

std::vector<quic::CryptoFrame> frames_of(const Buffer& payload) {
    std::vector<quic::CryptoFrame> frames;
    REQUIRE(read_crypto_frames(payload, 1, frames));
    return frames;
}

bool refused(const Buffer& payload) {
    std::vector<quic::CryptoFrame> frames;
    return !read_crypto_frames(payload, 1, frames);
}

}  // namespace

TEST_SUITE("quic long header") {
    TEST_CASE("an Initial yields its fields") {
        const Buffer packet = wire::Fields()
                                  .bytes(initial_header(wire::text("token"), 30))
                                  .fill(30, 0x5a)  // number and payload
                                  .take();
        const auto header = read_long_header(packet);
        REQUIRE(header);
        CHECK(header->type == Type::initial);
        CHECK(header->version == 1);
        CHECK(wire::text(header->destination_connection_id) == "DEST");
        CHECK(wire::text(header->source_connection_id) == "SRC");
        CHECK(header->packet.data() == packet.data());
        CHECK(header->packet.size() == packet.size());
        CHECK(header->packet_number_offset == packet.size() - 30);
    }

    TEST_CASE("a packet ends where its length says") {
        const Buffer packet =
            wire::Fields().bytes(initial_header({}, 10)).fill(10, 0x5a).text("the next one").take();
        const auto header = read_long_header(packet);
        REQUIRE(header);
        CHECK(header->packet.size() == packet.size() - 12);
    }

    TEST_CASE("a length may be written in 1, 2, 4 or 8 octets") {
        const Buffer start = initial_header({}, 0);
        const Bytes before(start.data(), start.size() - 1);
        for (const std::string_view length : {"0a", "400a", "8000000a", "c00000000000000a"}) {
            CAPTURE(length);
            const Buffer packet =
                wire::Fields().bytes(before).bytes(wire::hexadecimal(length)).fill(10, 0x5a).take();
            const auto header = read_long_header(packet);
            REQUIRE(header);
            CHECK(header->packet_number_offset == packet.size() - 10);
        }
    }

    TEST_CASE("every proper prefix is refused") {
        const Buffer packet =
            wire::Fields().bytes(initial_header(wire::text("token"), 30)).fill(30, 1).take();
        for (std::size_t length = 0; length < packet.size(); ++length) {
            CAPTURE(length);
            CHECK_FALSE(read_long_header(Bytes(packet).first(length)));
        }
    }

    TEST_CASE("lengths that do not fit are malformed, however large") {
        for (const std::uint64_t length : {std::uint64_t{31}, std::uint64_t{0x3fffffffffffffff}}) {
            CAPTURE(length);
            CHECK(error_of(wire::Fields().bytes(initial_header({}, length)).fill(30, 1).take()) ==
                  HeaderError::malformed);
            const Buffer token = wire::Fields()
                                     .u8(0xc3)
                                     .u32(1)
                                     .vector8({})
                                     .vector8({})
                                     .bytes(wire::varint(length))  // token length
                                     .fill(30, 1)
                                     .take();
            CHECK(error_of(token) == HeaderError::malformed);
        }
    }

    TEST_CASE("a connection id may be longer than the 20 octets of RFC 9000") {
        const auto with_ids = [](std::size_t destination, std::size_t source) {
            return wire::Fields()
                .u8(0xc3)
                .u32(1)
                .vector8(Buffer(destination, 0xdd))
                .vector8(Buffer(source, 0x55))
                .u8(0)  // token length
                .u8(4)  // length
                .fill(4)
                .take();
        };
        CHECK(read_long_header(with_ids(0, 0)));
        CHECK(read_long_header(with_ids(20, 20)));
        CHECK(read_long_header(with_ids(255, 21)));
    }

    TEST_CASE("the types of version 1") {
        CHECK(type_of(0xc0, 1) == Type::initial);
        CHECK(type_of(0xd0, 1) == Type::zero_rtt);
        CHECK(type_of(0xe0, 1) == Type::handshake);
        CHECK(type_of(0xf0, 1) == Type::retry);
        CHECK(type_of(0xc0, wire::quic_draft_29) == Type::initial);
    }

    TEST_CASE("version 2 numbers the types anew") {
        CHECK(type_of(0xd0, wire::quic_v2) == Type::initial);
        CHECK(type_of(0xe0, wire::quic_v2) == Type::zero_rtt);
        CHECK(type_of(0xf0, wire::quic_v2) == Type::handshake);
        CHECK(type_of(0xc0, wire::quic_v2) == Type::retry);
    }

    TEST_CASE("the fixed bit may be clear") {
        CHECK(type_of(0x80, 1) == Type::initial);
        CHECK(type_of(0xa0, 1) == Type::handshake);
        CHECK(type_of(0x90, wire::quic_v2) == Type::initial);
    }

    TEST_CASE("a version negotiation takes the whole datagram, whatever its first octet's bits") {
        const Buffer packet = wire::Fields()
                                  .u8(0x80)                     // no fixed bit (RFC 9000 17.2.1)
                                  .u32(0)                       // version negotiation
                                  .vector8(wire::text("DEST"))  // destination connection id
                                  .vector8({})                  // source connection id
                                  .u32(0x00000001)              // a version
                                  .u32(0x6b3343cf)              // another
                                  .take();
        const auto header = read_long_header(packet);
        REQUIRE(header);
        CHECK(header->type == Type::version_negotiation);
        CHECK(header->packet.size() == packet.size());
    }

    TEST_CASE("a Retry takes the whole datagram") {
        const Buffer packet = wire::retry_packet({});
        const auto header = read_long_header(packet);
        REQUIRE(header);
        CHECK(header->type == Type::retry);
        CHECK(header->packet.size() == packet.size());
    }

    TEST_CASE("what is no long header of a known version is not one") {
        Buffer packet = wire::Fields().bytes(initial_header({}, 30)).fill(30, 1).take();
        const auto with = [&](std::size_t at, std::uint8_t octet) {
            Buffer changed = packet;
            changed[at] = octet;
            return changed;
        };
        CHECK(error_of(with(0, 0x43)) == HeaderError::not_long);  // short header
        CHECK(error_of(with(1, 0x51)) == HeaderError::not_long);  // a version of Google's
        CHECK(error_of({}) == HeaderError::not_long);
    }
}

TEST_SUITE("quic long packets") {
    std::vector<std::size_t> starts_in(const Buffer& payload) {
        std::vector<std::size_t> starts;
        quic::LongPackets packets(payload);
        while (const auto header = packets.next())
            starts.push_back(static_cast<std::size_t>(header->packet.data() - payload.data()));
        return starts;
    }

    const Buffer packet = wire::opaque_packet(2, {}, 60);
    using Starts = std::vector<std::size_t>;

    TEST_CASE("coalesced packets are visited one after the other, whatever lies between") {
        const std::size_t size = packet.size();
        CHECK(starts_in(packet) == Starts{0});
        CHECK(starts_in(wire::join(packet, packet)) == Starts{0, size});
        CHECK(starts_in(wire::join(wire::join(packet, Buffer(9)), packet)) == Starts{0, size + 9});
        CHECK(starts_in(wire::join(wire::join(packet, Buffer(9, 0xff)), packet)) ==
              Starts{0, size + 9});
    }

    TEST_CASE("behind anything else a packet counts if it may be a segment as long as the first") {
        const std::size_t size = packet.size();
        for (const std::uint8_t octet : std::to_array<std::uint8_t>({0x00, 0x40, 0x6b, 0xff})) {
            CAPTURE(octet);
            CHECK(starts_in(wire::join(Buffer(size, octet), packet)) == Starts{size});
            CHECK(starts_in(wire::join(Buffer(size - 1, octet), packet)).empty());
        }
    }

    TEST_CASE("a length that reaches over the next packet does not hide it") {
        Buffer reaching = wire::long_header(1, {}).bytes(wire::varint(200)).fill(100).take();
        const std::size_t start = reaching.size();
        reaching = wire::join(reaching, packet);
        reaching.resize(reaching.size() + 100);
        CHECK(starts_in(reaching) == Starts{0, start});
    }

    TEST_CASE("every known version is found, and no other") {
        const auto found = [](std::uint32_t version) {
            const Buffer payload =
                wire::join(Buffer(100), wire::opaque_packet(2, {.version = version}, 60));
            return starts_in(payload) == Starts{100};
        };
        for (const std::uint32_t version :
             {wire::quic_v1, wire::quic_v2, wire::quic_draft_29, 0xff000016U, 0xfaceb001U,
              0xfaceb00eU, 0x54303530U, 0x54303531U})
            CHECK(found(version));
        for (const std::uint32_t version : {0U, 2U, 0x1a2a3a4aU, 0xff000015U, 0x51303433U})
            CHECK_FALSE(found(version));
    }

    TEST_CASE("nothing is found in nothing") {
        CHECK(starts_in({}).empty());
        for (std::size_t size = 1; size < 8; ++size)
            CHECK(starts_in(Buffer(size, 0xff)).empty());
    }
}

TEST_SUITE("quic frames") {
    TEST_CASE("CRYPTO frames come out in order, what lies between them does not") {
        const Buffer payload = wire::Fields()
                                   .u8(wire::ping_frame)
                                   .bytes(wire::crypto_frame(70, wire::text("later")))
                                   .fill(5, wire::padding_frame)
                                   .bytes(wire::ack_frame(300))
                                   .bytes(wire::crypto_frame(0, wire::text("first")))
                                   .fill(3, wire::padding_frame)
                                   .take();
        const auto frames = frames_of(payload);
        REQUIRE(frames.size() == 2);
        CHECK(frames[0].offset == 70);
        CHECK(wire::text(frames[0].data) == "later");
        CHECK(frames[1].offset == 0);
        CHECK(wire::text(frames[1].data) == "first");
    }

    TEST_CASE("an ACK with ECN counts and a CONNECTION_CLOSE are skipped") {
        const Buffer payload = wire::Fields()
                                   .u8(0x03)                    // ACK with ECN counts
                                   .bytes(wire::varint(9))      // largest acknowledged
                                   .bytes(wire::varint(0))      // delay
                                   .bytes(wire::varint(0))      // no more ranges
                                   .bytes(wire::varint(1))      // first range
                                   .bytes(wire::varint(1))      // ECT(0)
                                   .bytes(wire::varint(6))      // ECT(1): 6 is no CRYPTO frame
                                   .bytes(wire::varint(70))     // CE
                                   .u8(0x1c)                    // CONNECTION_CLOSE
                                   .bytes(wire::varint(0x0a))   // error code
                                   .bytes(wire::varint(6))      // frame type
                                   .vector8(wire::text("why"))  // reason
                                   .bytes(wire::crypto_frame(5, wire::text("data")))
                                   .take();
        const auto frames = frames_of(payload);
        REQUIRE(frames.size() == 1);
        CHECK(frames[0].offset == 5);
        CHECK(wire::text(frames[0].data) == "data");
    }

    TEST_CASE("frames are added to those of the packets before") {
        std::vector<quic::CryptoFrame> frames;
        const Buffer one = wire::crypto_frame(0, wire::text("a"));
        const Buffer other = wire::crypto_frame(1, wire::text("b"));
        REQUIRE(read_crypto_frames(one, 1, frames));
        REQUIRE(read_crypto_frames(other, 1, frames));
        CHECK(frames.size() == 2);
    }

    TEST_CASE("a CRYPTO frame may be empty, and stand anywhere in 2^62") {
        const auto frames = frames_of(wire::crypto_frame(0x3fffffffffffffff, {}));
        REQUIRE(frames.size() == 1);
        CHECK(frames[0].offset == 0x3fffffffffffffff);
        CHECK(frames[0].data.empty());
    }

    TEST_CASE("a payload without frames has none") {
        CHECK(frames_of({}).empty());
        CHECK(frames_of(Buffer(1100, wire::padding_frame)).empty());
    }

    TEST_CASE("frames that an Initial must not carry are refused") {
        for (const unsigned type : {0x04U, 0x05U, 0x07U, 0x08U, 0x0fU, 0x10U, 0x18U, 0x1aU, 0x1dU,
                                    0x1eU, 0x30U, 0x40U, 0xffU}) {
            CAPTURE(type);
            CHECK(refused(wire::Fields().u8(type).fill(20).take()));
        }
    }

    TEST_CASE("a frame that does not fit is refused, cut at any octet") {
        for (const Buffer& frame :
             {wire::crypto_frame(100, Buffer(100, 0x5a)), wire::ack_frame(300),
              wire::Fields().u8(0x1c).u8(1).u8(6).vector8(wire::text("why")).take()}) {
            CAPTURE(unsigned{frame[0]});
            CHECK_FALSE(refused(frame));
            for (std::size_t length = 1; length < frame.size(); ++length)
                CHECK(
                    refused({frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length)}));
        }
    }

    TEST_CASE("lengths and counts beyond the payload are refused at once") {
        const Buffer huge = wire::varint(0x3fffffffffffffff);
        CHECK(refused(wire::Fields().u8(0x06).u8(0).bytes(huge).fill(9).take()));
        CHECK(refused(wire::Fields().u8(0x1c).u8(0).u8(0).bytes(huge).fill(9).take()));
        const Buffer ranges = wire::Fields().u8(0x02).u8(9).u8(0).bytes(huge).u8(0).fill(9).take();
        CHECK(refused(ranges));
    }

    TEST_CASE("more CRYPTO frames than any client sends are refused") {
        wire::Fields payload;
        for (std::size_t i = 0; i < 1024; ++i)
            payload.bytes(wire::crypto_frame(0, {}));
        const Buffer most = payload.take();
        CHECK(frames_of(most).size() == 1024);
        CHECK(refused(wire::join(most, wire::crypto_frame(0, {}))));
    }
}
