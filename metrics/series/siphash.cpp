#include "metrics/series/siphash.hpp"

#include <bit>

namespace octroi {
namespace {

struct SipState {
    std::uint64_t v0;
    std::uint64_t v1;
    std::uint64_t v2;
    std::uint64_t v3;

    explicit SipState(const SipKey& key)
        : v0(key.low ^ 0x736f6d6570736575),
          v1(key.high ^ 0x646f72616e646f6d),
          v2(key.low ^ 0x6c7967656e657261),
          v3(key.high ^ 0x7465646279746573) {}

    void round() {
        v0 += v1;
        v2 += v3;
        v1 = std::rotl(v1, 13) ^ v0;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 = std::rotl(v0, 32) + v3;
        v2 += v1;
        v3 = std::rotl(v3, 21) ^ v0;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }

    void take(std::uint64_t word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }

    [[nodiscard]] std::uint64_t finish() {
        v2 ^= 0xff;
        for (int i = 0; i < 4; ++i)
            round();
        return v0 ^ v1 ^ v2 ^ v3;
    }
};

// Up to eight octets, the first one lowest.
std::uint64_t word_of(Bytes octets) {
    std::uint64_t word = 0;
    for (std::size_t i = octets.size(); i > 0; --i)
        word = word << 8U | octets[i - 1];
    return word;
}

}  // namespace

std::uint64_t siphash(const SipKey& key, Bytes text) {
    SipState state(key);
    const std::size_t length = text.size();
    for (; text.size() >= 8; text = text.subspan(8))
        state.take(word_of(text.first(8)));
    state.take(word_of(text) | static_cast<std::uint64_t>(length) << 56U);
    return state.finish();
}

}  // namespace octroi
