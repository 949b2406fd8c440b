#include "classifiers/quic/quic_crypto.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/unit/quic_wire.hpp"

using namespace octroi;
using wire::Buffer;
using wire::hexadecimal;

namespace {

// The connection id of every appendix.
const Buffer connection_id = hexadecimal("8394c8f03e515708");

// RFC 9001 A.2: the frames of the client's Initial, 1162 octets with their padding.
Buffer client_frames() {
    Buffer frames = hexadecimal(
        "060040f1"  // CRYPTO, offset, length
        "010000ed"  // client_hello
        "0303"      // legacy_version
        "ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c"  // random
        "00"                                                                // legacy_session_id
        "000413011302"                                                      // cipher_suites
        "0100"                                                              // compression
        "00c0"                                                              // extensions
        "00000010000e00000b6578616d706c652e636f6d"                          // server_name
        "ff01000100"
        "000a00080006001d00170018"
        "00100007000504616c706e"
        "000500050100000000"
        "003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748"
        "002b0003020304"
        "000d0010000e0403050306030203080408050806"
        "002d00020101"
        "001c00024001"
        "003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f08"
        "8394c8f03e51570806048000ffff");
    frames.resize(1162);
    return frames;
}

struct Vector {
    std::uint32_t version;
    std::string_view key;
    std::string_view iv;
    std::string_view header_protection;
};

bool same(Bytes bytes, std::string_view digits) {
    return std::ranges::equal(bytes, hexadecimal(digits));
}

// The last 16 octets of a packet: a tag is right only where every octet before it is.
Bytes tag_of(const Buffer& packet) {
    return Bytes(packet).last(quic::Crypto::tag_size);
}

}  // namespace

TEST_SUITE("quic crypto") {
    TEST_CASE("the client's keys are those of the appendices") {
        constexpr std::array vectors = {
            Vector{0x00000001, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
                   "9f50449e04a0e810283a1e9933adedd2"},  // RFC 9001 A.1
            Vector{0x6b3343cf, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
                   "45b95e15235d6f45a6b19cbcb0294ba9"},  // RFC 9369 A.1
            Vector{0xff00001d, "175257a31eb09dea9366d8bb79ad80ba", "6b26114b9cba2b63a9e8dd4f",
                   "9ddd12c994c0698b89374a9c077a3077"},  // draft-ietf-quic-tls-29 A.1
            Vector{0xff00001b, "af7fd7efebd21878ff66811248983694", "8681359410a70bb9c92f0420",
                   "a980b8b4fb7d9fbc13e814c23164253d"},  // draft-ietf-quic-tls-27 A.1
        };
        quic::Crypto crypto;
        for (const Vector& vector : vectors) {
            CAPTURE(vector.version);
            const quic::InitialKeys keys = crypto.client_keys(vector.version, connection_id);
            CHECK(same(keys.key, vector.key));
            CHECK(same(keys.iv, vector.iv));
            CHECK(same(keys.header_protection, vector.header_protection));
        }
    }

    TEST_CASE("drafts share their keys as they share their salts") {
        quic::Crypto crypto;
        const auto key = [&](std::uint32_t version) {
            return crypto.client_keys(version, connection_id).key;
        };
        CHECK(key(0xff000017) == key(0xff00001c));  // 23 to 28
        CHECK(key(0xff00001c) != key(0xff00001d));
        CHECK(key(0xff00001d) == key(0xff000020));  // 29 to 32
        CHECK(key(0xff000020) != key(0xff000021));
        CHECK(key(0xff000021) == key(0x00000001));  // 33 and 34 are version 1
        CHECK(key(0xff000022) == key(0x00000001));
    }

    TEST_CASE(
        "the versions of the RFCs and drafts 22 to 34 and the reserved ones are supported, others "
        "not") {
        for (const std::uint32_t version : {0x00000001U, 0x6b3343cfU, 0xff000016U, 0xfaceb002U,
                                            0x54303531U, 0xff00001dU, 0xff000022U, 0x1a2a3a4aU})
            CHECK(quic::is_supported(version));
        for (const std::uint32_t version : {0x00000000U, 0x00000002U, 0x6b3343ceU, 0x709a50c4U,
                                            0xff000015U, 0xff000023U, 0x51303433U, 0x1a2a3a4bU})
            CHECK_FALSE(quic::is_supported(version));
    }

    TEST_CASE("the header's mask is that of the appendices") {
        quic::Crypto crypto;
        const auto mask = [&](std::uint32_t version, std::string_view sample) {
            return crypto.header_mask(crypto.client_keys(version, connection_id),
                                      hexadecimal(sample));
        };
        CHECK(same(mask(0x00000001, "d1b1c98dd7689fb8ec11d242b123dc9b"), "437b9aec36"));
        CHECK(same(mask(0x6b3343cf, "ffe67b6abcdb4298b485dd04de806071"), "94a0c95e80"));
    }

    TEST_CASE("the tests' own sealer writes the packet of RFC 9001 A.2") {
        const Buffer packet = wire::initial({.number = 2}, client_frames());
        CHECK(packet.size() == 1200);
        CHECK(same(Bytes(packet).first(54),
                   "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11"
                   "d242b123dc9bd8bab936b47d92ec356c0bab7df5976d"));
        CHECK(same(tag_of(packet), "e221af44860018ab0856972e194cd934"));
    }

    TEST_CASE("the tests' own sealer writes the packet of RFC 9369 A.2") {
        const Buffer packet =
            wire::initial({.version = wire::quic_v2, .number = 2}, client_frames());
        CHECK(packet.size() == 1200);
        CHECK(same(Bytes(packet).first(54),
                   "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485"
                   "dd04de806071bf03dceebfa162e75d6c96058bdbfb12"));
        CHECK(same(tag_of(packet), "a18b2faa745b6fe189cf772a9f84cbfc"));
    }

    TEST_CASE("an opened payload is the sealed one; any changed octet is not authentic") {
        quic::Crypto crypto;
        const auto keys = crypto.client_keys(wire::quic_v1, connection_id);
        const Buffer header = wire::text("header");
        const Buffer plain = wire::text("some frames");
        const Buffer sealed = wire::encrypt(keys, 7, header, plain);
        Buffer opened(plain.size());
        REQUIRE(crypto.open(keys, 7, header, sealed, opened.data()));
        CHECK(opened == plain);
        CHECK_FALSE(crypto.open(keys, 8, header, sealed, opened.data()));
        CHECK_FALSE(crypto.open(keys, 7, wire::text("Header"), sealed, opened.data()));
        for (std::size_t i = 0; i < sealed.size(); ++i) {
            CAPTURE(i);
            Buffer changed = sealed;
            changed[i] ^= 0x01U;
            CHECK_FALSE(crypto.open(keys, 7, header, changed, opened.data()));
        }
    }

    TEST_CASE("every octet of the packet number enters the nonce") {
        quic::Crypto crypto;
        const auto keys = crypto.client_keys(wire::quic_v1, connection_id);
        const Buffer sealed = wire::encrypt(keys, 0x01020304, {}, wire::text("frames"));
        Buffer opened(6);
        CHECK(crypto.open(keys, 0x01020304, {}, sealed, opened.data()));
        for (const std::uint64_t other :
             {0x00020304ULL, 0x01000304ULL, 0x01020004ULL, 0x01020300ULL, 0x101020304ULL})
            CHECK_FALSE(crypto.open(keys, other, {}, sealed, opened.data()));
    }

    TEST_CASE("what is shorter than a tag is not authentic; a tag alone may be") {
        quic::Crypto crypto;
        const auto keys = crypto.client_keys(wire::quic_v1, connection_id);
        const Buffer sealed = wire::encrypt(keys, 0, wire::text("header"), {});
        REQUIRE(sealed.size() == quic::Crypto::tag_size);
        std::uint8_t nothing = 0;
        CHECK(crypto.open(keys, 0, wire::text("header"), sealed, &nothing));
        CHECK_FALSE(crypto.open(keys, 0, wire::text("header"), Bytes(sealed).first(15), &nothing));
        CHECK_FALSE(crypto.open(keys, 0, wire::text("header"), {}, &nothing));
    }

    TEST_CASE("one object serves many connections in turn") {
        quic::Crypto crypto;
        const auto one = crypto.client_keys(wire::quic_v1, connection_id);
        const auto other = crypto.client_keys(wire::quic_v1, hexadecimal("00"));
        const auto none = crypto.client_keys(wire::quic_v1, {});
        CHECK(one.key != other.key);
        CHECK(other.key != none.key);
        CHECK(crypto.client_keys(wire::quic_v1, connection_id).key == one.key);
    }
}
