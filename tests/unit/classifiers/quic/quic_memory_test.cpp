#include "classifiers/quic/quic_memory.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/unit/quic_wire.hpp"

using namespace octroi;
using quic::CryptoFrame;
using Opinion = quic::Memory::Opinion;
using wire::Buffer;

namespace {

quic::Place place(std::uint8_t number) {
    return {.client = wire::endpoint("10.0.0.1", 0).address,
            .server = wire::endpoint("198.51.100.1", 443),
            .connection = {.id = quic::ConnectionId(Buffer(8, number)), .version = 1}};
}

const Buffer text = wire::text("0123456789");

CryptoFrame piece(std::size_t from, std::size_t to) {
    return {.offset = from, .data = Bytes(text).subspan(from, to - from)};
}

}  // namespace

TEST_SUITE("quic memory") {
    TEST_CASE("a piece is unknown, then agrees; another value of one octet differs") {
        quic::Memory memory;
        CHECK(memory.compare(place(1), piece(2, 6)) == Opinion::unknown);
        CHECK(memory.note(place(1), piece(2, 6)) == Opinion::unknown);
        CHECK(memory.note(place(1), piece(2, 6)) == Opinion::agrees);
        CHECK(memory.compare(place(1), piece(3, 5)) == Opinion::agrees);
        CHECK(memory.compare(place(1), piece(3, 7)) == Opinion::unknown);
        CHECK(memory.compare(place(1), piece(6, 9)) == Opinion::unknown);
        const Buffer other = wire::text("x");
        CHECK(memory.compare(place(1), {.offset = 5, .data = other}) == Opinion::differs);
        CHECK(memory.compare(place(1), {.offset = 6, .data = other}) == Opinion::unknown);
        CHECK(memory.compare(place(2), {.offset = 5, .data = other}) == Opinion::unknown);
    }

    TEST_CASE("a whole message takes the place of its pieces, and a second one stands behind it") {
        quic::Memory memory;
        memory.note(place(1), piece(2, 6));
        CHECK(memory.whole(place(1)) == 0);
        const Bytes kept = memory.keep_whole(place(1), 0, Bytes(text).first(8));
        CHECK(std::ranges::equal(kept, Bytes(text).first(8)));
        CHECK(memory.whole(place(1)) == 8);
        CHECK(memory.compare(place(1), piece(0, 8)) == Opinion::agrees);
        CHECK(std::ranges::equal(memory.keep_whole(place(1), 8, Bytes(text).subspan(8)),
                                 Bytes(text).subspan(8)));
        CHECK(memory.whole(place(1)) == 10);
        CHECK(memory.compare(place(1), piece(0, 8)) == Opinion::agrees);
        CHECK(memory.compare(place(1), piece(8, 10)) == Opinion::agrees);
    }

    TEST_CASE("what a thousand connections sent a moment ago is still known") {
        quic::Memory memory;
        const auto numbered = [](std::uint32_t number) {
            quic::Place one = place(0);
            Buffer id(8);
            for (std::size_t i = 0; i < 4; ++i)
                id[i] = static_cast<std::uint8_t>(number >> (8 * i));
            one.connection.id = quic::ConnectionId(id);
            return one;
        };
        constexpr std::uint32_t alive = quic::Memory::places;
        for (std::uint32_t i = 0; i < alive; ++i)
            memory.note(numbered(i), piece(0, 8));
        for (std::uint32_t i = 0; i < alive; ++i)
            CHECK(memory.compare(numbered(i), piece(0, 8)) == Opinion::agrees);
    }

    TEST_CASE("a message in frames of one octet, in order, is one piece") {
        quic::Memory memory;
        for (std::size_t i = 0; i < text.size(); ++i)
            memory.note(place(1), piece(i, i + 1));
        std::size_t pieces = 0;
        memory.for_each(place(1), [&](const CryptoFrame& kept) {
            ++pieces;
            return std::ranges::equal(kept.data, text);
        });
        CHECK(pieces == 1);
        CHECK(memory.compare(place(1), piece(2, 9)) == Opinion::agrees);
    }

    TEST_CASE("of scattered pieces so many are kept that looking at them takes little time") {
        quic::Memory memory;
        for (std::size_t i = 0; i < 4 * quic::Memory::most_pieces; ++i)
            memory.note(place(1), {.offset = 3 * i, .data = Bytes(text).first(1)});
        std::size_t pieces = 0;
        memory.for_each(place(1), [&](const CryptoFrame&) { return ++pieces > 0; });
        CHECK(pieces == quic::Memory::most_pieces);
    }

    TEST_CASE("a packet number is expected of its connection alone") {
        quic::Memory memory;
        memory.expect_number(place(1), 1U << 20U);
        CHECK(memory.expected_number(place(1)) == 1U << 20U);
        CHECK(memory.expected_number(place(2)) == 0);
        CHECK(memory.compare(place(1), piece(0, 3)) == Opinion::unknown);
    }

    TEST_CASE("however much is noted, the bounds hold, and the newest is kept") {
        quic::Memory memory;
        const Buffer octets(16UL * 1024, 0x5a);
        for (std::size_t i = 0; i < 2000; ++i) {
            const auto number = static_cast<std::uint8_t>(i % 250);
            const CryptoFrame frame{.offset = i / 250 * octets.size(), .data = octets};
            memory.note(place(number), frame);
            CHECK(memory.used() <= quic::Memory::limit);
            if (frame.offset + octets.size() < quic::Memory::place_limit)
                CHECK(memory.compare(place(number), frame) == Opinion::agrees);
        }
        CHECK(memory.used() > quic::Memory::limit / 2);
    }
}
