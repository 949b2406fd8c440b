// Property: any payload shows framings of its transport alone, by its size and its first octets
// and nothing else.
#include <algorithm>
#include <vector>

#include "classifiers/clear/signature.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::datagram_signatures;
using octroi::is_media;
using octroi::Signature;
using octroi::SignatureEvidence;
using octroi::Signatures;
using octroi::stream_signatures;
using octroi::fuzz::require;

namespace {

constexpr std::size_t looked_at = 64;

Signatures only(std::initializer_list<Signature> signatures) {
    Signatures set;
    for (const Signature signature : signatures)
        set.set(static_cast<std::size_t>(signature));
    return set;
}

bool same(const SignatureEvidence& one, const SignatureEvidence& other) {
    return one.seen == other.seen && one.sure == other.sure && (one.sure & ~one.seen).none();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes payload(data, size);
    const SignatureEvidence datagram = datagram_signatures(payload);
    const SignatureEvidence stream = stream_signatures(payload);
    require((datagram.seen & ~only({Signature::zoom_sfu, Signature::zoom_p2p,
                                    Signature::teams_turn_mux, Signature::discord_voice}))
                .none());
    require((stream.seen & ~only({Signature::whatsapp_noise})).none());

    std::vector<std::uint8_t> other(data, data + size);
    std::fill(other.begin() + static_cast<std::ptrdiff_t>(std::min(size, looked_at)), other.end(),
              std::uint8_t{0xff});
    require(same(datagram_signatures(other), datagram));
    require(same(stream_signatures(other), stream));
    require(is_media(other) == is_media(payload));
    return 0;
}
