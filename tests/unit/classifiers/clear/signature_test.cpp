#include "classifiers/clear/signature.hpp"

#include <array>

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

bool shows(Bytes payload, Signature signature) {
    return datagram_signatures(payload).seen.test(static_cast<std::size_t>(signature));
}

Buffer changed(Buffer payload, std::size_t at, std::uint8_t octet) {
    payload.at(at) = octet;
    return payload;
}

// RFC 3550 5.1: version 2, a dynamic payload type.
const Buffer rtp = wire::Fields()
                       .u8(0x80)         // version 2
                       .u8(98)           // payload type
                       .u16(4711)        // sequence number
                       .u32(0x12345678)  // timestamp
                       .u32(0x01000401)  // source
                       .fill(100, 0x33)  // media
                       .take();

// RFC 3550 6.4.1: a sender report.
const Buffer rtcp = wire::Fields().u8(0x80).u8(200).u16(6).u32(0x01000401).fill(20, 0x44).take();

// Zoom's media encapsulation: its type, then `size` octets up to the RTP or RTCP header.
Buffer zoom_media(std::uint8_t type, std::size_t size, const Buffer& inner) {
    return wire::Fields().u8(type).fill(size - 1, 0x11).bytes(inner).take();
}

// Its encapsulation for a server: type 5, direction in the last octet.
Buffer through_server(const Buffer& media, std::uint8_t direction = 0) {
    return wire::Fields().u8(5).fill(6, 0x22).u8(direction).bytes(media).take();
}

// The first packet of a Zoom client: id of 16 octets at 3, 7 zeros, a token.
const Buffer zoom_hello = wire::Fields()
                              .u8(1)
                              .u8(0)
                              .u8(3)
                              .fill(16, 0x61)  // id
                              .fill(7)         // zeros
                              .fill(74, 0x62)  // token
                              .take();

const Buffer zoom_echo = wire::Fields().u8(2).u8(0).u8(3).fill(24, 0x61).fill(8).take();

}  // namespace

TEST_SUITE("signature") {
    TEST_CASE("Zoom's audio, video and screen through a server") {
        for (const std::uint8_t direction : std::to_array<std::uint8_t>({0, 4})) {
            CAPTURE(unsigned{direction});
            CHECK(shows(through_server(zoom_media(15, 19, rtp), direction), Signature::zoom_sfu));
            CHECK(shows(through_server(zoom_media(16, 20, rtp), direction), Signature::zoom_sfu));
            CHECK(shows(through_server(zoom_media(13, 27, rtp), direction), Signature::zoom_sfu));
            CHECK(shows(through_server(zoom_media(33, 16, rtcp), direction), Signature::zoom_sfu));
            CHECK(shows(through_server(zoom_media(34, 16, rtcp), direction), Signature::zoom_sfu));
        }
    }

    TEST_CASE("WhatsApp's media by its extension") {
        const auto media = [](std::size_t start, std::size_t profile, std::size_t words) {
            return wire::Fields()
                .u8(start)
                .u8(0x78)  // payload type
                .fill(10, 0x21)
                .u16(profile)
                .u16(words)
                .fill(60, 0x33)
                .take();
        };
        CHECK(datagram_signatures(media(0x90, 0xdebe, 2))
                  .sure.test(static_cast<std::size_t>(Signature::whatsapp_rtp)));
        CHECK_FALSE(shows(media(0x90, 0xbede, 2), Signature::whatsapp_rtp));
        CHECK_FALSE(shows(media(0x80, 0xdebe, 2), Signature::whatsapp_rtp));
        CHECK_FALSE(shows(media(0x90, 0xdebe, 16), Signature::whatsapp_rtp));
    }

    TEST_CASE("Zoom's video of the longer header has its RTP 4 octets later") {
        Buffer media = zoom_media(16, 24, rtp);
        media[20] = 0x02;
        CHECK(shows(through_server(media), Signature::zoom_sfu));
        media[20] = 0x03;
        CHECK_FALSE(shows(through_server(media), Signature::zoom_sfu));
    }

    TEST_CASE("Zoom's media between peers lacks the server's octets") {
        const Buffer media = zoom_media(15, 19, rtp);
        CHECK(shows(media, Signature::zoom_p2p));
        CHECK_FALSE(shows(media, Signature::zoom_sfu));
        CHECK_FALSE(shows(through_server(media), Signature::zoom_p2p));
        CHECK(shows(zoom_media(30, 20, rtp), Signature::zoom_p2p));
        const Buffer opening = wire::Fields().u8(0x1f).u8(0x02).u8(0x01).fill(30, 0x01).take();
        CHECK(shows(opening, Signature::zoom_p2p));
        CHECK_FALSE(shows(changed(opening, 2, 0x02), Signature::zoom_p2p));
    }

    TEST_CASE("what lies in Zoom's encapsulation must be RTP or RTCP of version 2") {
        const Buffer audio = through_server(zoom_media(15, 19, rtp));
        CHECK_FALSE(shows(changed(audio, 27, 0x40), Signature::zoom_sfu));
        CHECK_FALSE(shows(changed(audio, 7, 1), Signature::zoom_sfu));   // no such direction
        CHECK_FALSE(shows(changed(audio, 0, 6), Signature::zoom_sfu));   // not for a server
        CHECK_FALSE(shows(changed(audio, 8, 17), Signature::zoom_sfu));  // no such type
        CHECK_FALSE(shows(through_server(zoom_media(33, 16, rtp)), Signature::zoom_sfu));
    }

    TEST_CASE("Zoom's first packets") {
        CHECK(shows(zoom_hello, Signature::zoom_sfu));
        CHECK(shows(zoom_echo, Signature::zoom_sfu));
        const Buffer keep_alive = wire::Fields().u8(3).fill(3).u8(1).fill(8, 0x77).take();
        CHECK(shows(keep_alive, Signature::zoom_sfu));
        CHECK(shows(changed(keep_alive, 0, 4), Signature::zoom_sfu));
        CHECK_FALSE(shows(changed(zoom_hello, 20, 1), Signature::zoom_sfu));
        CHECK_FALSE(shows(changed(zoom_hello, 2, 4), Signature::zoom_sfu));
        CHECK_FALSE(shows(changed(zoom_echo, 34, 1), Signature::zoom_sfu));
        CHECK_FALSE(shows(changed(keep_alive, 4, 2), Signature::zoom_sfu));
        CHECK(shows(wire::join(keep_alive, Buffer(1)), Signature::zoom_sfu));  // newer
        CHECK_FALSE(shows(wire::join(keep_alive, Buffer(2)), Signature::zoom_sfu));
    }

    TEST_CASE("Microsoft's multiplexed TURN") {
        const auto frame = [](std::size_t length) {
            return wire::Fields()
                .u16(0xff10)    // mark
                .u16(length)    // length
                .fill(8, 0x12)  // session
                .u16(0x0003)    // a STUN message
                .fill(18, 0x34)
                .take();
        };
        CHECK(shows(frame(28), Signature::teams_turn_mux));
        CHECK(shows(frame(8), Signature::teams_turn_mux));
        CHECK_FALSE(shows(frame(7), Signature::teams_turn_mux));
        CHECK_FALSE(shows(frame(40), Signature::teams_turn_mux));
        CHECK_FALSE(shows(changed(frame(28), 1, 0x11), Signature::teams_turn_mux));
    }

    TEST_CASE("Discord's ping and address discovery") {
        const Buffer ping = wire::Fields().u32(0x1337cafe).u8(7).fill(3).take();
        CHECK(shows(ping, Signature::discord_voice));
        CHECK(shows(changed(ping, 5, 1), Signature::discord_voice));  // a counter
        CHECK_FALSE(shows(changed(ping, 6, 1), Signature::discord_voice));
        CHECK_FALSE(shows(wire::join(ping, Buffer(1)), Signature::discord_voice));
        const Buffer request = wire::Fields()
                                   .u16(1)         // request
                                   .u16(70)        // length
                                   .u32(0xabcdef)  // source
                                   .fill(66)       // address and port
                                   .take();
        CHECK(shows(request, Signature::discord_voice));
        CHECK(shows(changed(request, 1, 2), Signature::discord_voice));  // response
        CHECK_FALSE(shows(changed(request, 1, 3), Signature::discord_voice));
        CHECK_FALSE(shows(Bytes(request).first(73), Signature::discord_voice));
    }

    TEST_CASE("WhatsApp's Noise prologue, with and without routing before it") {
        const auto whatsapp = [](const Buffer& stream) {
            return stream_signatures(stream).seen.test(
                static_cast<std::size_t>(Signature::whatsapp_noise));
        };
        CHECK(whatsapp({'W', 'A', 6, 3, 0, 0, 36}));
        CHECK(whatsapp({'W', 'A', 5, 2}));
        CHECK(whatsapp({'E', 'D', 0, 1, 0, 0, 4}));
        CHECK_FALSE(whatsapp({'W', 'A', 6}));
        CHECK_FALSE(whatsapp(wire::text("WARC/1.0\r\n")));
        CHECK_FALSE(whatsapp(wire::text("EDIT")));
        CHECK_FALSE(whatsapp({}));
        CHECK(stream_signatures(Buffer{'W', 'A', 6, 3}).seen.count() == 1);
    }

    TEST_CASE("what a few bits of one datagram show is not sure") {
        const auto sure = [](Bytes payload, Signature signature) {
            return datagram_signatures(payload).sure.test(static_cast<std::size_t>(signature));
        };
        // As in captures: one extension of RFC 8285.
        Buffer extended = rtp;
        extended[0] = 0x90;
        extended[12] = 0xbe;
        extended[13] = 0xde;
        CHECK(sure(zoom_media(15, 19, extended), Signature::zoom_p2p));
        CHECK(sure(through_server(zoom_media(16, 20, extended)), Signature::zoom_sfu));
        CHECK(sure(through_server(zoom_media(34, 16, rtcp)), Signature::zoom_sfu));
        CHECK(sure(zoom_hello, Signature::zoom_sfu));
        CHECK(sure(zoom_echo, Signature::zoom_sfu));
        const Buffer other = changed(rtp, 8, 0x77);  // no source of Zoom's
        CHECK_FALSE(sure(zoom_media(15, 19, other), Signature::zoom_p2p));
        CHECK_FALSE(sure(through_server(zoom_media(15, 19, other)), Signature::zoom_sfu));
        CHECK_FALSE(
            sure(wire::Fields().u8(0x1f).u8(2).u8(1).fill(30, 1).take(), Signature::zoom_p2p));
        CHECK(sure(wire::Fields().u8(0x1f).u8(2).u8(1).u16(8).u16(1).fill(30, 0).take(),
                   Signature::zoom_p2p));
        CHECK_FALSE(sure(wire::Fields().u16(0xff10).u16(8).fill(30, 0x12).take(),
                         Signature::teams_turn_mux));
        CHECK(sure(wire::Fields()
                       .u16(0xff10)
                       .u16(28)
                       .fill(8, 0x12)
                       .u32(0x00030008)
                       .u32(0x2112a442)
                       .fill(12, 1)
                       .take(),
                   Signature::teams_turn_mux));
        CHECK_FALSE(stream_signatures(Buffer{'W', 'A', 5, 2}).sure.any());
        CHECK(stream_signatures(Buffer{'W', 'A', 6, 3, 0, 0, 36}).sure.any());
    }

    TEST_CASE("ordinary traffic and plain WebRTC show no vendor's framing") {
        const Buffer dtls = wire::Fields().u8(22).u16(0xfefd).fill(60, 0).take();
        const Buffer dns = wire::Fields()
                               .u16(0x1234)
                               .u16(0x0100)
                               .u16(1)
                               .fill(6)
                               .vector8(wire::text("example"))
                               .vector8(wire::text("org"))
                               .u8(0)
                               .u32(0x00010001)
                               .take();
        for (const Buffer& payload :
             {rtp, rtcp, dtls, dns, Buffer{}, Buffer(1200), Buffer(20, 5), wire::text("hello")}) {
            CAPTURE(payload.size());
            CHECK(datagram_signatures(payload).seen.none());
        }
    }

    TEST_CASE("a payload cut at any octet is read without its rest") {
        for (const Buffer& payload :
             {through_server(zoom_media(13, 27, rtp)), zoom_hello, zoom_echo, rtp}) {
            for (std::size_t length = 0; length < payload.size(); ++length) {
                // A buffer of its own: what lies behind it must not be read.
                const Buffer cut(payload.begin(),
                                 payload.begin() + static_cast<std::ptrdiff_t>(length));
                if (length < 13)
                    CHECK(datagram_signatures(cut).seen.none());
                else
                    CHECK(datagram_signatures(cut).seen.count() <= 1);
            }
        }
    }

    TEST_CASE("RTP, RTCP and DTLS are media; TLS, QUIC and text are not") {
        CHECK(is_media(rtp));
        CHECK(is_media(rtcp));
        CHECK(is_media(wire::Fields().u8(22).u16(0xfefd).fill(60).take()));  // DTLS 1.2
        CHECK(is_media(wire::Fields().u8(20).u16(0xfeff).fill(60).take()));  // DTLS 1.0
        CHECK_FALSE(is_media(Bytes(rtp).first(11)));
        CHECK_FALSE(is_media(wire::Fields().u8(22).u16(0x0303).fill(60).take()));
        CHECK_FALSE(is_media(wire::Fields().u8(0xc3).u32(1).fill(60).take()));
        CHECK_FALSE(is_media(wire::text("M-SEARCH * HTTP/1.1")));
    }

    TEST_CASE("every signature has a name of its own") {
        CHECK(to_string(Signature::zoom_sfu) == "zoom-sfu");
        CHECK(to_string(Signature::teams_stun) == "teams-stun");
        CHECK(to_string(Signature::discord_voice) == "discord-voice");
    }
}
