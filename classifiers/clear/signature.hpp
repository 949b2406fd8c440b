#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>

#include "classifiers/base/byte_reader.hpp"

namespace octroi {

/// Framings that one vendor uses. A signature supports an address, or another flow of the same
/// client; beside a port alone it makes a service where it is sure.
enum class Signature : std::uint8_t {
    zoom_sfu,        ///< Zoom media through a server: 8-octet encapsulation (IMC 2022,
                     ///< doi 10.1145/3517745.3561414)
    zoom_p2p,        ///< Zoom media between two clients: media encapsulation alone
    zoom_stun,       ///< Zoom's classic STUN probe
    teams_stun,      ///< STUN with Microsoft's attributes
    teams_turn_mux,  ///< Microsoft's multiplexed TURN: frames that start with ff 10
    whatsapp_noise,  ///< the prologue of WhatsApp's Noise handshake over TCP
    whatsapp_stun,   ///< TURN allocation with WhatsApp's token
    whatsapp_rtp,    ///< RTP whose extension has RFC 8285's profile with its octets swapped
    discord_voice    ///< Discord's voice server ping and address discovery
};

inline constexpr std::array<std::string_view, 9> signature_names = {
    "zoom-sfu",       "zoom-p2p",      "zoom-stun",    "teams-stun",   "teams-turn-mux",
    "whatsapp-noise", "whatsapp-stun", "whatsapp-rtp", "discord-voice"};

using Signatures = std::bitset<signature_names.size()>;

[[nodiscard]] constexpr std::string_view to_string(Signature signature) {
    return signature_names[static_cast<std::size_t>(signature)];
}

/// What octets show.
struct SignatureEvidence {
    /// By how many bits that a framing fixes it must be met for `sure`: one payload of 2^32 random
    /// ones.
    static constexpr unsigned enough_bits = 32;

    Signatures seen;
    Signatures sure;  ///< of these

    void note(Signature signature, unsigned bits) {
        seen.set(static_cast<std::size_t>(signature), bits > 0);
        sure.set(static_cast<std::size_t>(signature), bits >= enough_bits);
    }
};

/// The signatures that a UDP payload shows (STUN has its own parser). O(1).
[[nodiscard]] SignatureEvidence datagram_signatures(Bytes payload);

/// The signatures that the start of a TCP client's stream shows.
[[nodiscard]] SignatureEvidence stream_signatures(Bytes stream);

/// Whether a payload looks like RTP or RTCP (RFC 3550, RFC 5761).
[[nodiscard]] bool is_rtp(Bytes payload);

/// Whether a payload looks like RTP, RTCP or a DTLS record (RFC 6347, RFC
/// 9147): media of some kind, no service.
[[nodiscard]] bool is_media(Bytes payload);

}  // namespace octroi
