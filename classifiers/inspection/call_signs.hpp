#pragma once

#include <array>
#include <cstdint>

#include "classifiers/clear/stun.hpp"
#include "classifiers/net/packet.hpp"

namespace octroi {

/// What in a flow of datagrams a call by WebRTC begins with (RFC 8835): checks of ICE, a DTLS
/// handshake that both sides speak, media.
class CallSigns {
  public:
    void note(const stun::Message& message) {
        stun_ = true;
        ice_ = ice_ || message.ice;
    }

    /// A datagram that is no STUN.
    void note(Bytes payload, Direction direction);

    /// Whether a handshake goes on or may follow: no media came yet.
    [[nodiscard]] bool may_tell_more() const {
        return !media_ && (stun_ || handshake_[0] || handshake_[1]);
    }

    [[nodiscard]] bool is_webrtc() const { return ice_ && handshake_[0] && handshake_[1]; }

  private:
    bool stun_ = false;
    bool ice_ = false;
    bool media_ = false;
    std::array<bool, 2> handshake_{};  ///< by direction
};

}  // namespace octroi
