#include "classifiers/tls/tls_handshake.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "classifiers/net/tcp_stream.hpp"
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
        for (const std::string_view text : {"G", "SSH-2.0", "\x17\x03\x03", "\x18\x03\x01"}) {
            const auto result = read(wire::text(text));
            REQUIRE_FALSE(result);
            CHECK_FALSE(result.error().incomplete);
            CHECK(result.error().reason == NotClientHello::not_tls);
        }
    }

    TEST_CASE("a version beyond all, a too long record, another message are not TLS") {
        const auto reason = [](const wire::Buffer& stream) {
            Read read;
            const auto result = read(stream);
            REQUIRE_FALSE(result);
            CHECK_FALSE(result.error().incomplete);
            return result.error().reason;
        };
        CHECK(reason({22, 16}) == NotClientHello::not_tls);
        CHECK(reason({22, 3, 1, 0x41, 0x01, 2}) == NotClientHello::not_tls);  // 16641 octets
        CHECK(reason({22, 3, 1, 0x00, 0x10, 2}) == NotClientHello::not_tls);  // ServerHello
    }

    TEST_CASE("a hello in a longer record than TLS allows is malformed") {
        const wire::Buffer stream = wire::in_records(message_of(20'000), 20'000);
        Read read;
        for (std::size_t n = 0; n < 9; ++n) {
            const auto result = read(Bytes(stream).first(n));
            REQUIRE_FALSE(result);
            CHECK(result.error().incomplete);
        }
        CHECK(read(Bytes(stream).first(9)).error().reason == NotClientHello::malformed);
    }

    TEST_CASE("the longest record that TLS allows is read") {
        const wire::Buffer message = message_of(16640);
        Read read;
        CHECK(std::ranges::equal(read(wire::in_records(message, 16640)).value(), message));
    }

    TEST_CASE("any version that a server takes is taken, in any of several records") {
        const wire::Buffer message = message_of(300);
        for (const unsigned version :
             {0x0300U, 0x0305U, 0x03ffU, 0x0500U, 0x0201U, 0x0000U, 0x0fffU}) {
            CAPTURE(version);
            for (const std::size_t changed : {0U, 105U, 210U}) {
                wire::Buffer stream = wire::in_records(message, 100);
                stream[changed + 1] = static_cast<std::uint8_t>(version >> 8U);
                stream[changed + 2] = static_cast<std::uint8_t>(version);
                Read read;
                const auto result = read(stream);
                REQUIRE(result);
                CHECK(std::ranges::equal(*result, message));
            }
        }
    }

    TEST_CASE("beside an unusual version a message of a size that no hello has is a stranger") {
        const wire::Buffer short_message = wire::in_records(message_of(40));
        for (wire::Buffer stream : {short_message, wire::Buffer{22, 3, 1, 1, 0, 1, 9, 9, 9}}) {
            stream[1] = 5;
            Read read;
            const auto result = read(stream);
            REQUIRE_FALSE(result);
            CHECK(result.error().reason == NotClientHello::not_tls);
        }
    }

    TEST_CASE(
        "warnings, empty records and changes of cipher stand before and between the records") {
        const wire::Buffer message = message_of(300);
        const wire::Buffer warning = {21, 3, 1, 0, 2, 1, 112};  // unrecognized_name
        const wire::Buffer empty = {22, 3, 1, 0, 0};
        const wire::Buffer change = {20, 3, 3, 0, 1, 1};
        const wire::Buffer no_change = {20, 3, 255, 0, 0};  // OpenSSL
        for (const wire::Buffer& filler : {warning, empty, change, no_change}) {
            CAPTURE(filler);
            wire::Buffer stream;
            const wire::Buffer records = wire::in_records(message, 100);
            for (std::size_t record = 0; record < 3; ++record) {
                const std::size_t first = record * 105;
                for (int i = 0; i < 20; ++i)
                    stream = wire::join(stream, filler);
                if (first < records.size())
                    stream = wire::join(
                        stream, wire::Buffer(records.begin() + static_cast<std::ptrdiff_t>(first),
                                             records.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                   first + 105, records.size()))));
            }
            Read read;
            const auto result = read(stream);
            REQUIRE(result);
            CHECK(std::ranges::equal(*result, message));
            for (std::size_t n = 0; n < 3 * 20 * filler.size() + 200; ++n) {
                CAPTURE(n);
                const auto part = read(Bytes(stream).first(n));
                REQUIRE_FALSE(part);
                CHECK(part.error().incomplete);
                CHECK(part.error().progress.needed > n);
                CHECK(part.error().progress.begun == (n > 20 * filler.size() + 5));
            }
        }
    }

    TEST_CASE("alerts and other records that every server refuses are not passed over") {
        const wire::Buffer hello = wire::in_records(message_of(300));
        for (const wire::Buffer& record :
             {wire::Buffer{21, 3, 1, 0, 2, 2, 40},           // fatal
              wire::Buffer{21, 3, 1, 0, 4, 1, 112, 1, 112},  // two in one record
              wire::Buffer{21, 3, 1, 0, 0},                  // none
              wire::Buffer{20, 3, 1, 0, 1, 2},               // no change of cipher
              wire::Buffer{23, 3, 1, 0, 0},                  // application data
              wire::Buffer{24, 3, 1, 0, 3, 1, 0, 0}}) {      // heartbeat
            CAPTURE(record);
            Read read;
            const auto result = read(wire::join(record, hello));
            REQUIRE_FALSE(result);
            CHECK_FALSE(result.error().incomplete);
            CHECK(result.error().reason == NotClientHello::not_tls);
        }
    }

    TEST_CASE("octets one by one, each in its record, take few tries") {
        const wire::Buffer message = message_of(700);
        CHECK(tries_to_read(wire::in_records(message, 1), message) < 60);
    }

    TEST_CASE("a hello in SSL 2's form is known, and asks for no more than its header") {
        const wire::Buffer hello = wire::Fields()
                                       .u16(0x8000 + 9 + 6 + 16)  // length
                                       .u8(1)                     // CLIENT-HELLO
                                       .u16(0x0303)               // version
                                       .u16(6)                    // cipher specs, octets
                                       .u16(0)                    // session id, octets
                                       .u16(16)                   // challenge, octets
                                       .fill(6 + 16)
                                       .take();
        CHECK(tls::old_client_hello(hello) == tls::OldHello::yes);
        for (std::size_t n = 0; n < 11; ++n)
            CHECK(tls::old_client_hello(Bytes(hello).first(n)) == tls::OldHello::incomplete);
        for (const std::size_t octet : {0U, 1U, 2U, 3U, 6U, 8U, 10U}) {
            CAPTURE(octet);
            wire::Buffer changed = hello;
            changed[octet] ^= 0x81U;
            CHECK(tls::old_client_hello(changed) == tls::OldHello::no);
        }
    }

    TEST_CASE("garbage after a first record is a malformed hello") {
        const wire::Buffer message = message_of(300);
        wire::Buffer stream = wire::in_records(message, 100);
        stream[105] = 'G';  // where the second record's content type should be
        Read read;
        const auto result = read(stream);
        REQUIRE_FALSE(result);
        CHECK(result.error().reason == NotClientHello::malformed);
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
