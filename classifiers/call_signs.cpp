#include "classifiers/call_signs.hpp"

#include "classifiers/dtls_handshake.hpp"
#include "classifiers/signature.hpp"

namespace octroi {

void CallSigns::note(Bytes payload, Direction direction) {
    if (is_rtp(payload))
        media_ = true;
    else if (dtls::Handshake(payload).next())
        handshake_[static_cast<std::size_t>(direction)] = true;
}

}  // namespace octroi
