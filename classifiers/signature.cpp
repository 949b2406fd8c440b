#include "classifiers/signature.hpp"

#include <algorithm>
#include <optional>

namespace octroi {
namespace {

constexpr std::size_t sfu_header = 8;

// RFC 3550 5.1: version 2 in the two high bits.
bool version_2_at(Bytes payload, std::size_t offset) {
    return offset < payload.size() && (payload[offset] & 0xc0U) == 0x80;
}

// RFC 3550 12.1, RFC 4585 9: sender report to payload-specific feedback, extended report.
bool rtcp_at(Bytes payload, std::size_t offset) {
    return version_2_at(payload, offset) && offset + 1 < payload.size() &&
           payload[offset + 1] >= 200 && payload[offset + 1] <= 207;
}

// Zoom's media encapsulation by its type octet: where its RTP or RTCP header stands.
bool zoom_media_at(Bytes payload, std::size_t start) {
    if (start + 21 > payload.size())
        return false;
    switch (payload[start]) {
        case 13:  // screen sharing through a server
            return version_2_at(payload, start + 27) || version_2_at(payload, start + 20);
        case 15:  // audio
            return version_2_at(payload, start + 19);
        case 16:  // video
            return version_2_at(payload, start + (payload[start + 20] == 0x02 ? 24U : 20U));
        case 21:  // control, seen from servers
            return payload[start + 1] == 1 && all_zero(payload.subspan(start + 2, 7));
        case 30:  // screen sharing between peers
            return version_2_at(payload, start + 20);
        case 33:
        case 34:
        case 35:
            return rtcp_at(payload, start + 16);
        default:
            return false;
    }
}

bool all_zero(Bytes bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t octet) { return octet == 0; });
}

// First packets of a Zoom media connection: 01 (client) carries a 16-octet id and a 64-octet token,
// 02 (server) echoes the id; 03 and 04 are keep-alives with a counter, of 13 octets or with a
// 64-octet token behind 05 40.
bool is_zoom_handshake(Bytes payload) {
    if (payload.size() < 13)
        return false;
    const bool hello = payload[1] == 0 && payload[2] >= 1 && payload[2] <= 3;
    if (payload[0] == 1)
        return hello && payload.size() >= 96 && payload.size() <= 160 &&
               all_zero(payload.subspan(19, 7));
    if (payload[0] == 2)
        return hello && payload.size() == 35 && all_zero(payload.subspan(27, 8));
    if ((payload[0] != 3 && payload[0] != 4) || !all_zero(payload.subspan(1, 3)))
        return false;
    const bool with_token = payload.size() == 81 && payload[14] == 5 && payload[15] == 0x40;
    return with_token || (payload.size() == 13 && payload[4] == 1);
}

bool is_zoom_sfu(Bytes payload) {
    const bool media = payload.size() > sfu_header && payload[0] == 5 &&
                       (payload[7] == 0 || payload[7] == 4) && zoom_media_at(payload, sfu_header);
    return media || is_zoom_handshake(payload);
}

// 1f 02 01 opens a connection between peers; afterwards media without the server's 8 octets.
bool is_zoom_p2p(Bytes payload) {
    if (payload.size() > 24 && payload[0] == 0x1f && payload[1] == 0x02 && payload[2] == 0x01)
        return true;
    return zoom_media_at(payload, 0);
}

// ff 10, two octets of length, 8 octets of session, then a STUN message.
bool is_teams_turn_mux(Bytes payload) {
    ByteReader reader(payload);
    const bool marked = reader.u16() == 0xff10;
    const std::size_t length = reader.u16();
    return marked && reader.ok() && length >= 8 && length <= reader.rest().size() + 4;
}

bool is_discord_voice(Bytes payload) {
    ByteReader reader(payload);
    const std::uint32_t start = reader.u32();
    if (payload.size() == 8)
        return start == 0x1337cafe && payload[5] == 0 && payload[6] == 0 && payload[7] == 0;
    // Address discovery: request 1 or response 2, length 70, ssrc, 64 octets of address, port.
    return payload.size() == 74 && (start == 0x00010046 || start == 0x00020046);
}

}  // namespace

Signatures datagram_signatures(Bytes payload) {
    Signatures found;
    const auto note = [&](Signature signature, bool seen) {
        found.set(static_cast<std::size_t>(signature), seen);
    };
    note(Signature::zoom_sfu, is_zoom_sfu(payload));
    note(Signature::zoom_p2p, is_zoom_p2p(payload));
    note(Signature::teams_turn_mux, is_teams_turn_mux(payload));
    note(Signature::discord_voice, is_discord_voice(payload));
    return found;
}

Signatures stream_signatures(Bytes stream) {
    Signatures found;
    ByteReader reader(stream);
    const std::uint16_t magic = reader.u16();
    const std::uint8_t major = reader.u8();
    const std::uint8_t minor = reader.u8();
    const bool routing = magic == 0x4544 && major == 0 && minor == 1;  // "ED", 0, 1
    const bool prologue =
        magic == 0x5741 && major >= 1 && major <= 16 && minor <= 16;  // "WA", version
    found.set(static_cast<std::size_t>(Signature::whatsapp_noise),
              reader.ok() && (routing || prologue));
    return found;
}

bool is_media(Bytes payload) {
    if (payload.size() < 12)
        return false;
    const bool dtls =
        payload[0] >= 20 && payload[0] <= 63 && payload[1] == 0xfe && payload[2] >= 0xfc;
    return dtls || version_2_at(payload, 0);
}

}  // namespace octroi
