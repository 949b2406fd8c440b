#include "classifiers/tls_handshake.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "classifiers/tcp_stream.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using octroi::tls::first_handshake_message;
using octroi::tls::NotClientHello;

namespace {

// A handshake message of `size` octets, header included.
wire::Buffer message_of(std::size_t size) {
    return wire::Fields().u8(1).u24(size - 4).fill(size - 4, 0x5a).take();
}

struct Read {
    std::vector<std::uint8_t> scratch{};

    std::expected<Bytes, tls::HandshakeProblem> operator()(Bytes stream) {
        return first_handshake_message(stream, scratch);
    }
};

// Reads ever more of the stream, but only when asked to; the number of tries until it is complete.
std::size_t tries_to_read(const wire::Buffer& stream, const wire::Buffer& message) {
    Read read;
    std::size_t needed = 1;
    for (std::size_t tries = 1;; ++tries) {
        REQUIRE(needed <= stream.size());
        const auto result = read(Bytes(stream).first(needed));
        if (result) {
            CHECK(std::ranges::equal(*result, message));
            return tries;
        }
        REQUIRE(result.error().incomplete);
        REQUIRE(result.error().progress.needed > needed);
        needed = result.error().progress.needed;
    }
}

}  // namespace

TEST_SUITE("tls handshake") {
    TEST_CASE("a message in one record is read where it lies") {
        const wire::Buffer message = message_of(300);
        const wire::Buffer stream = wire::in_records(message);
        Read read;
        const auto result = read(stream);
        REQUIRE(result);
        CHECK(result->data() == stream.data() + 5);
        CHECK(std::ranges::equal(*result, message));
    }

    TEST_CASE("a message ends where its own length says, whatever follows") {
        const wire::Buffer message = message_of(300);
        const wire::Buffer two = wire::join(message, message_of(40));
        Read read;
        CHECK(std::ranges::equal(read(wire::in_records(two)).value(), message));
        const wire::Buffer followed = wire::join(wire::in_records(message), wire::text("garbage"));
        CHECK(std::ranges::equal(read(followed).value(), message));
    }

    TEST_CASE("a message split over records of any size is put together") {
        const wire::Buffer message = message_of(700);
        for (const std::size_t size : {1U, 2U, 3U, 4U, 5U, 50U, 699U}) {
            CAPTURE(size);
            Read read;
            const auto result = read(wire::in_records(message, size));
            REQUIRE(result);
            CHECK(std::ranges::equal(*result, message));
        }
    }

    TEST_CASE("every proper prefix is incomplete and asks for more than it has") {
        const wire::Buffer message = message_of(300);
        for (const std::size_t record : {50U, 16384U}) {
            const wire::Buffer stream = wire::in_records(message, record);
            Read read;
            for (std::size_t n = 0; n < stream.size(); ++n) {
                CAPTURE(n);
                const auto result = read(Bytes(stream).first(n));
                REQUIRE_FALSE(result);
                REQUIRE(result.error().incomplete);
                CHECK(result.error().progress.needed > n);
                CHECK(result.error().progress.needed <= stream.size());
            }
        }
    }

    TEST_CASE("asking only when enough is there takes a few tries a record") {
        const wire::Buffer message = message_of(700);
        CHECK(tries_to_read(wire::in_records(message), message) <= 4);
        CHECK(tries_to_read(wire::in_records(message, 50), message) <= 2 * 14 + 3);
    }

    TEST_CASE("a message is complete before the record around it is") {
        const wire::Buffer two = wire::join(message_of(300), message_of(1000));
        const wire::Buffer stream = wire::in_records(two);
        Read read;
        CHECK(read(Bytes(stream).first(5 + 300)));
        const auto cut = read(Bytes(stream).first(5 + 299));
        REQUIRE_FALSE(cut);
        CHECK(cut.error().progress.needed == 5 + 300);
    }

    TEST_CASE("one octet is enough to see that a stream is not TLS") {
        Read read;
        for (const std::string_view text : {"G", "SSH-2.0", "\x17\x03\x03", "\x15\x03\x01"}) {
            const auto result = read(wire::text(text));
            REQUIRE_FALSE(result);
            CHECK_FALSE(result.error().incomplete);
            CHECK(result.error().reason == NotClientHello::not_tls);
        }
    }

    TEST_CASE("a wrong version, an empty or too long record, another message are not TLS") {
        const auto reason = [](const wire::Buffer& stream) {
            Read read;
            const auto result = read(stream);
            REQUIRE_FALSE(result);
            CHECK_FALSE(result.error().incomplete);
            return result.error().reason;
        };
        CHECK(reason({22, 2}) == NotClientHello::not_tls);
        CHECK(reason({22, 3, 5}) == NotClientHello::not_tls);
        CHECK(reason({22, 3, 1, 0x00, 0x00}) == NotClientHello::not_tls);
        CHECK(reason({22, 3, 1, 0x41, 0x01}) == NotClientHello::not_tls);     // 16641 octets
        CHECK(reason({22, 3, 1, 0x00, 0x10, 2}) == NotClientHello::not_tls);  // ServerHello
    }

    TEST_CASE("the longest record that TLS allows is read") {
        const wire::Buffer message = message_of(16640);
        Read read;
        CHECK(std::ranges::equal(read(wire::in_records(message, 16640)).value(), message));
    }

    TEST_CASE("garbage after a first record is not TLS") {
        const wire::Buffer message = message_of(300);
        wire::Buffer stream = wire::in_records(message, 100);
        stream[105] = 'G';  // where the second record's content type should be
        Read read;
        const auto result = read(stream);
        REQUIRE_FALSE(result);
        CHECK(result.error().reason == NotClientHello::not_tls);
    }

    TEST_CASE("a message that could never fit in what octroi keeps is too large at its header") {
        const wire::Buffer header = wire::Fields()
                                        .u8(22)       // handshake
                                        .u16(0x0301)  // legacy_record_version
                                        .u16(16384)   // length
                                        .u8(1)        // client_hello
                                        .u24(TcpStream::capacity)
                                        .take();
        Read read;
        const auto result = read(header);
        REQUIRE_FALSE(result);
        CHECK_FALSE(result.error().incomplete);
        CHECK(result.error().reason == NotClientHello::too_large);
    }

    TEST_CASE("nothing of an earlier stream stays in the scratch buffer") {
        Read read;
        const wire::Buffer message = message_of(90);
        static_cast<void>(read(Bytes(wire::in_records(message_of(500), 50)).first(200)));
        CHECK(std::ranges::equal(read(wire::in_records(message, 20)).value(), message));
    }
}
