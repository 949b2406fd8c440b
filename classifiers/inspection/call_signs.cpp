#include "classifiers/inspection/call_signs.hpp"

#include "classifiers/clear/signature.hpp"
#include "classifiers/tls/dtls_handshake.hpp"

namespace octroi {

void CallSigns::note(Bytes payload, Direction direction) {
    if (is_rtp(payload))
        media_ = true;
    else if (dtls::Handshake(payload).next())
        handshake_[static_cast<std::size_t>(direction)] = true;
}

}  // namespace octroi
