#include "classifiers/quic/gquic.hpp"

#include <doctest/doctest.h>

#include "tests/unit/inspection.hpp"
#include "tests/unit/quic_wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

Buffer little_endian(std::size_t value) {
    const auto octet = [value](unsigned shift) {
        return static_cast<std::uint8_t>(value >> shift);
    };
    return {octet(0), octet(8), octet(16), octet(24)};
}

struct Tag {
    std::string name;  ///< of four octets
    Buffer value;
};

// "QUIC Crypto", Langley and Chang, 2016: message tag, number of tags, an index of tags with the
// offset where each value ends, then the values.
Buffer message(std::string_view kind, const std::vector<Tag>& tags) {
    wire::Fields fields;
    fields.text(kind).bytes(Bytes(little_endian(tags.size())).first(2)).u16(0);  // padding
    std::size_t end = 0;
    for (const Tag& tag : tags)
        fields.text(tag.name).bytes(little_endian(end += tag.value.size()));
    for (const Tag& tag : tags)
        fields.bytes(tag.value);
    return fields.take();
}

Tag tag(std::string_view name, std::string_view value) {
    return {.name = std::string(name), .value = wire::text(value)};
}

Tag server_name_tag(std::string_view name) {
    return {.name = std::string("SNI\0", 4), .value = wire::text(name)};
}

Buffer with_name(std::string_view name) {
    return message(
        "CHLO", {tag("PAD-", std::string(200, '-')), server_name_tag(name), tag("VERS", "Q043")});
}

// To Q043: flags, connection id, version, packet number, hash, up to Q033 flags once more, STREAM
// frame.
Buffer datagram(const Buffer& handshake, std::string_view version = "Q043") {
    return wire::Fields()
        .u8(0x0d)        // flags: version, connection id of 8 octets
        .fill(8, 0x11)   // connection id
        .text(version)   // version
        .u8(1)           // packet number
        .fill(12, 0x77)  // hash
        .fill(version <= "Q033" ? 1 : 0)
        .u8(0xa0)  // STREAM frame with its length
        .u8(1)     // stream 1, the handshake's
        .u16(handshake.size())
        .bytes(handshake)
        .take();
}

// Q046: the first octet as in the IETF's long header, then the version.
Buffer datagram_46(const Buffer& handshake) {
    return wire::Fields()
        .u8(0xc3)
        .text("Q046")
        .u8(0x50)        // connection id lengths
        .fill(8, 0x11)   // connection id
        .u32(1)          // packet number
        .fill(12, 0x77)  // hash
        .u8(0xa0)        // STREAM frame with its length
        .u8(1)           // stream 1
        .u16(handshake.size())
        .bytes(handshake)
        .take();
}

std::string name_in(const Buffer& bytes) {
    const auto name = gquic::server_name(bytes);
    return name ? wire::text(*name) : "none";
}

}  // namespace

TEST_SUITE("gquic") {
    TEST_CASE("the name in a CHLO is read, to Q043 and in Q046") {
        CHECK(name_in(datagram(with_name("www.youtube.com"))) == "www.youtube.com");
        CHECK(name_in(datagram(with_name("www.youtube.com"), "Q024")) == "www.youtube.com");
        CHECK(name_in(datagram_46(with_name("www.youtube.com"))) == "www.youtube.com");
    }

    TEST_CASE("the name lies in the datagram") {
        const Buffer bytes = datagram(with_name("www.youtube.com"));
        const auto name = gquic::server_name(bytes);
        REQUIRE(name);
        CHECK(name->data() > bytes.data());
        CHECK(name->data() + name->size() < bytes.data() + bytes.size());
    }

    TEST_CASE("the name may be the first, the last and the only value") {
        const Tag name = server_name_tag("x.example");
        CHECK(name_in(datagram(message("CHLO", {name}))) == "x.example");
        CHECK(name_in(datagram(message("CHLO", {name, tag("VERS", "Q043")}))) == "x.example");
        CHECK(name_in(datagram(message("CHLO", {tag("VERS", "Q043"), name}))) == "x.example");
    }

    TEST_CASE("other messages, other tags and other protocols hold no name") {
        CHECK(name_in(datagram(message("REJ\0", {server_name_tag("x.example")}))) == "none");
        CHECK(name_in(datagram(message("CHLO", {tag("VERS", "Q043")}))) == "none");
        CHECK(name_in(datagram(message("CHLO", {}))) == "none");
        CHECK(name_in(datagram(with_name("x.example"), "T051")) == "none");
        CHECK(name_in(with_name("x.example")) == "none");
        CHECK(name_in({}) == "none");
        CHECK(name_in(wire::text("Q043")) == "none");
    }

    TEST_CASE("a message that does not stand where the packet's header ends is not looked for") {
        CHECK(name_in(datagram(wire::join(Buffer(1, 0), with_name("x.example")))) == "none");
        const Buffer whole = datagram(with_name("x.example"));
        REQUIRE(name_in(whole) == "x.example");
        for (const std::size_t at : {0UL, 9UL, 13UL, 26UL, 27UL}) {
            CAPTURE(at);
            Buffer other = whole;
            other[at] ^= 0x80U;
            CHECK(name_in(other) == (at == 13 ? "x.example" : "none"));  // 13: packet number
        }
    }

    TEST_CASE("an Initial of QUIC that reads as Google's in its connection id and token is QUIC") {
        const Buffer id = wire::text(std::string_view("\0\0\0Q043\0", 8));
        const Buffer token = message("CHLO", {server_name_tag("visio.numerique.gouv.fr")});
        const Buffer initial = wire::initial(
            {.destination = id, .token = token},
            wire::crypto_frame(0, wire::client_hello({.server_name = "us05web.zoom.us"})));
        CHECK(name_in(initial) == "none");
        Inspection inspection;
        const Endpoint client = wire::endpoint("10.0.0.1", 50000);
        const Endpoint server = wire::endpoint("198.51.100.1", 443);
        inspection.packet(wire::ip(client, server, 17, wire::udp(50000, 443, initial)));
        CHECK(inspection.findings().server_name == "us05web.zoom.us");
    }

    TEST_CASE("a datagram cut before the end of the name holds none") {
        const Buffer whole = datagram(message("CHLO", {server_name_tag("www.youtube.com")}));
        REQUIRE(name_in(whole) == "www.youtube.com");
        for (std::size_t length = 0; length < whole.size(); ++length) {
            CAPTURE(length);
            CHECK_FALSE(gquic::server_name(Bytes(whole).first(length)));
        }
    }

    TEST_CASE("offsets that go back or out of the datagram name nobody") {
        const auto with_ends = [](std::size_t before, std::size_t name) {
            return datagram(wire::Fields()
                                .text("CHLO")
                                .bytes(Buffer{2, 0, 0, 0})  // two tags
                                .text("VERS")
                                .bytes(little_endian(before))
                                .text(std::string_view("SNI\0", 4))
                                .bytes(little_endian(name))
                                .text("Q043x.example")
                                .take());
        };
        CHECK(name_in(with_ends(4, 13)) == "x.example");
        CHECK(name_in(with_ends(4, 14)) == "none");
        CHECK(name_in(with_ends(4, 0xffffffff)) == "none");
        CHECK(name_in(with_ends(9, 4)) == "none");
        CHECK(name_in(with_ends(0xffffffff, 13)) == "none");
        CHECK(name_in(with_ends(13, 13)).empty());
    }

    TEST_CASE("more tags than any client has are refused") {
        std::vector<Tag> tags(127, tag("VERS", ""));
        tags.push_back(server_name_tag("x.example"));
        CHECK(name_in(datagram(message("CHLO", tags))) == "x.example");
        tags.insert(tags.begin(), tag("VERS", ""));
        CHECK(name_in(datagram(message("CHLO", tags))) == "none");
    }

    TEST_CASE("a flow that starts with a CHLO is QUIC to that name") {
        Inspection inspection;
        const Endpoint client = wire::endpoint("10.0.0.1", 50000);
        const Endpoint server = wire::endpoint("198.51.100.1", 443);
        inspection.packet(wire::ip(client, server, 17,
                                   wire::udp(50000, 443, datagram(with_name("www.youtube.com")))));
        CHECK(inspection.findings().application == Application::quic);
        CHECK(inspection.findings().ending == Ending::named);
        CHECK(inspection.findings().server_name == "www.youtube.com");
        CHECK(inspection.findings().name_kind == EvidenceKind::quic_sni);
    }
}
