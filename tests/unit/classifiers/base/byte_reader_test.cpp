#include "classifiers/base/byte_reader.hpp"

#include <array>

#include <doctest/doctest.h>

using octroi::ByteReader;
using octroi::Bytes;

namespace {

constexpr std::array<std::uint8_t, 10> wire = {
    0x01,                    // u8
    0x02, 0x03,              // u16
    0x04, 0x05, 0x06,        // u24
    0x07, 0x08, 0x09, 0x0a,  // u32
};

}  // namespace

TEST_SUITE("byte reader") {
    TEST_CASE("reads fields in network order") {
        ByteReader reader(wire);
        CHECK(reader.u8() == 0x01);
        CHECK(reader.u16() == 0x0203);
        CHECK(reader.u24() == 0x040506);
        CHECK(reader.u32() == 0x0708090a);
        CHECK(reader.ok());
        CHECK(reader.empty());
    }

    TEST_CASE("keeps the highest bit of a u32") {
        constexpr std::array<std::uint8_t, 4> high = {0xff, 0xfe, 0xfd, 0xfc};
        CHECK(ByteReader(high).u32() == 0xfffefdfc);
    }

    TEST_CASE("the first read that does not fit fails, empties the reader and stays failed") {
        ByteReader reader(Bytes(wire).first(3));
        CHECK(reader.u8() == 0x01);
        CHECK(reader.u32() == 0);
        CHECK_FALSE(reader.ok());
        CHECK(reader.empty());
        CHECK(reader.rest().empty());
        CHECK(reader.u8() == 0);  // though one octet would have fitted before
        CHECK(reader.bytes(0).empty());
        CHECK_FALSE(reader.ok());
    }

    TEST_CASE("an empty read at the end is not a failure") {
        ByteReader reader(Bytes{});
        CHECK(reader.bytes(0).empty());
        CHECK(reader.ok());
        CHECK(reader.u8() == 0);
        CHECK_FALSE(reader.ok());
    }

    TEST_CASE("a length near the largest size does not wrap") {
        ByteReader reader(wire);
        CHECK(reader.bytes(static_cast<std::size_t>(-1)).empty());
        CHECK_FALSE(reader.ok());
    }

    TEST_CASE("a nested reader cannot read outside its own length") {
        ByteReader reader(wire);
        ByteReader nested = reader.nested(2);
        CHECK(nested.u24() == 0);
        CHECK_FALSE(nested.ok());
        CHECK(reader.ok());
        CHECK(reader.u8() == 0x03);
    }

    TEST_CASE("a nested reader that does not fit fails both") {
        ByteReader reader(wire);
        const ByteReader nested = reader.nested(11);
        CHECK_FALSE(nested.ok());
        CHECK_FALSE(reader.ok());
        CHECK_FALSE(reader.nested(0).ok());  // the failure is handed down
    }
}
