#include "classifiers/clear/signature.hpp"

#include <algorithm>
#include <optional>

namespace octroi {
namespace {

constexpr std::size_t sfu_header = 8;
// How many bits a match of this kind takes, out of those that random octets would have.
constexpr unsigned octet = 8;
constexpr unsigned none = 0;

bool all_zero(Bytes bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t each) { return each == 0; });
}

// RFC 3550 5.1: version 2 in the two high bits.
bool version_2_at(Bytes payload, std::size_t offset) {
    return offset < payload.size() && (payload[offset] & 0xc0U) == 0x80;
}

// Zoom numbers the sources of a meeting, from 01 00 04 01 on.
unsigned source_bits(Bytes source) {
    return source.size() >= 2 && source[0] == 1 && source[1] == 0 ? 2 * octet : none;
}

// RFC 3550 5.1. Zoom's packets have one extension of RFC 8285, and no other sources.
unsigned rtp_bits(Bytes payload, std::size_t offset) {
    if (!version_2_at(payload, offset))
        return none;
    constexpr std::size_t header = 12;
    const Bytes rtp = payload.subspan(offset);
    constexpr unsigned version = 2;
    if (rtp.size() < header + 4)
        return version;
    const bool extended = rtp[0] == 0x90 && rtp[header] == 0xbe && rtp[header + 1] == 0xde;
    const std::uint8_t type = rtp[1] & 0x7fU;
    const bool dynamic = type >= 96 && type <= 127;  // RFC 3551 6
    return version + (extended ? 6 + 2 * octet : none) + (dynamic ? 2 : none) +
           source_bits(rtp.subspan(8, 4));
}

// RFC 3550 12.1, RFC 4585 9: sender report to payload-specific feedback, extended report.
unsigned rtcp_bits(Bytes payload, std::size_t offset) {
    if (!version_2_at(payload, offset) || offset + 1 >= payload.size() ||
        payload[offset + 1] < 200 || payload[offset + 1] > 207)
        return none;
    constexpr unsigned version_and_type = 2 + 5;
    const Bytes rtcp = payload.subspan(offset);
    if (rtcp.size() < 8)
        return version_and_type;
    const std::size_t words = std::size_t{rtcp[2]} << 8U | rtcp[3];
    const bool fits = (words + 1) * 4 <= rtcp.size() && rtcp.size() < 2048;
    return version_and_type + (fits ? octet : none) + source_bits(rtcp.subspan(4, 4));
}

// Zoom's media encapsulation by its type octet: where its RTP or RTCP header stands.
unsigned zoom_media_bits(Bytes payload, std::size_t start) {
    if (start + 21 > payload.size())
        return none;
    constexpr unsigned type = 5;  // one of eight
    const auto with = [&](unsigned inner) { return inner == none ? none : type + inner; };
    switch (payload[start]) {
        case 13:  // screen sharing through a server
            return with(std::max(rtp_bits(payload, start + 27), rtp_bits(payload, start + 20)));
        case 15:  // audio
            return with(rtp_bits(payload, start + 19));
        case 16:  // video
            return with(rtp_bits(payload, start + (payload[start + 20] == 0x02 ? 24U : 20U)));
        case 21:  // control, seen from servers
            return payload[start + 1] == 1 && all_zero(payload.subspan(start + 2, 7))
                       ? type + octet + 7 * octet
                       : none;
        case 30:  // screen sharing between peers
            return with(rtp_bits(payload, start + 20));
        case 33:
        case 34:
        case 35:
            return with(rtcp_bits(payload, start + 16));
        default:
            return none;
    }
}

// First packets of a Zoom media connection: 01 (client) carries a 16-octet id and a 64-octet token,
// 02 (server) echoes the id; 03 and 04 are keep-alives with a counter, of 13 octets or with a
// 64-octet token behind 05 40. Newer ones are an octet and more longer.
unsigned zoom_handshake_bits(Bytes payload) {
    if (payload.size() < 13)
        return none;
    const bool hello = payload[1] == 0 && payload[2] >= 1 && payload[2] <= 3;
    constexpr unsigned hello_bits = octet + octet + 6;
    if (payload[0] == 1)
        return hello && payload.size() >= 96 && payload.size() <= 160 &&
                       all_zero(payload.subspan(19, 7))
                   ? hello_bits + 7 * octet
                   : none;
    if (payload[0] == 2)
        return hello && payload.size() >= 35 && payload.size() <= 48 &&
                       all_zero(payload.subspan(27, 8))
                   ? hello_bits + 8 * octet
                   : none;
    if ((payload[0] != 3 && payload[0] != 4) || !all_zero(payload.subspan(1, 3)))
        return none;
    constexpr unsigned start = 7 + 3 * octet;
    if (payload.size() == 81 && payload[14] == 5 && payload[15] == 0x40)
        return start + 2 * octet;
    return payload.size() <= 14 && payload[4] == 1 ? start + octet : none;
}

unsigned zoom_sfu_bits(Bytes payload) {
    const bool framed =
        payload.size() > sfu_header && payload[0] == 5 && (payload[7] == 0 || payload[7] == 4);
    const unsigned media = framed ? zoom_media_bits(payload, sfu_header) : none;
    return media != none ? octet + 7 + media : zoom_handshake_bits(payload);
}

// 1f 02 01 opens a connection between peers, and small numbers of two octets follow; afterwards
// media without the server's 8 octets.
unsigned zoom_p2p_bits(Bytes payload) {
    if (payload.size() <= 24 || payload[0] != 0x1f || payload[1] != 0x02 || payload[2] != 0x01)
        return zoom_media_bits(payload, 0);
    unsigned bits = 3 * octet;
    for (const std::size_t high : {3U, 5U, 7U, 9U})
        bits += payload[high] == 0 ? octet : none;
    return bits;
}

// ff 10, two octets of length, 8 octets of session, then a STUN message.
unsigned teams_turn_mux_bits(Bytes payload) {
    ByteReader reader(payload);
    const bool marked = reader.u16() == 0xff10;
    const std::size_t length = reader.u16();
    const std::size_t rest = reader.rest().size();
    if (!marked || !reader.ok() || length < 8 || length > rest)
        return none;
    reader.bytes(12);
    const bool stun = reader.u32() == 0x2112a442 && reader.ok();  // RFC 8489 5
    return 2 * octet + (length == rest ? 2 * octet : none) + (stun ? 4 * octet : none);
}

// RFC 3550 5.1: one extension, no other sources, a few words of extension.
unsigned whatsapp_rtp_bits(Bytes payload) {
    ByteReader reader(payload);
    const bool extended = reader.u8() == 0x90;
    reader.bytes(11);
    const bool swapped = reader.u16() == 0xdebe;
    const std::uint16_t words = reader.u16();
    return reader.ok() && extended && swapped && words < 16 ? octet + 2 * octet + 12 : none;
}

unsigned discord_voice_bits(Bytes payload) {
    ByteReader reader(payload);
    const std::uint32_t start = reader.u32();
    // A counter follows, the lowest octet first.
    if (payload.size() == 8)
        return start == 0x1337cafe && payload[6] == 0 && payload[7] == 0 ? 6 * octet : none;
    // Address discovery: request 1 or response 2, length 70, ssrc, 64 octets of address, port.
    return payload.size() == 74 && (start == 0x00010046 || start == 0x00020046) ? 4 * octet : none;
}

}  // namespace

SignatureEvidence datagram_signatures(Bytes payload) {
    SignatureEvidence found;
    found.note(Signature::zoom_sfu, zoom_sfu_bits(payload));
    found.note(Signature::zoom_p2p, zoom_p2p_bits(payload));
    found.note(Signature::teams_turn_mux, teams_turn_mux_bits(payload));
    found.note(Signature::whatsapp_rtp, whatsapp_rtp_bits(payload));
    found.note(Signature::discord_voice, discord_voice_bits(payload));
    return found;
}

SignatureEvidence stream_signatures(Bytes stream) {
    SignatureEvidence found;
    ByteReader reader(stream);
    const std::uint16_t magic = reader.u16();
    const std::uint8_t major = reader.u8();
    const std::uint8_t minor = reader.u8();
    if (!reader.ok())
        return found;
    // "ED", 0, 1; or "WA", the version, and behind it the length of a first frame.
    if (magic == 0x4544 && major == 0 && minor == 1)
        found.note(Signature::whatsapp_noise, 4 * octet);
    if (magic == 0x5741 && major >= 1 && major <= 16 && minor <= 16) {
        const std::uint32_t length = reader.u24();
        const bool fits = reader.ok() && length > 0 && length < 4096;
        found.note(Signature::whatsapp_noise, 2 * octet + 4 + 4 + (fits ? 12 : none));
    }
    return found;
}

bool is_rtp(Bytes payload) {
    return payload.size() >= 12 && version_2_at(payload, 0);
}

bool is_media(Bytes payload) {
    if (payload.size() < 12)
        return false;
    const bool dtls =
        payload[0] >= 20 && payload[0] <= 63 && payload[1] == 0xfe && payload[2] >= 0xfc;
    return dtls || is_rtp(payload);
}

}  // namespace octroi
