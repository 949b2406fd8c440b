#include "metrics/events/keyed_hash.hpp"

#include <new>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace octroi {

// OpenSSL fails here only where memory does; the kernel's random numbers are there from the start.
KeyedHash KeyedHash::random() {
    Digest key{};
    if (RAND_priv_bytes(key.data(), static_cast<int>(key.size())) != 1)
        throw std::bad_alloc();
    return KeyedHash(key);
}

KeyedHash::Digest KeyedHash::of(Bytes text) const {
    Digest digest{};
    if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), text.data(), text.size(),
             digest.data(), nullptr) == nullptr)
        throw std::bad_alloc();
    return digest;
}

KeyedHash::Digest KeyedHash::of(std::string_view text) const {
    return of(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::string hex(Bytes bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 0xfU];
    }
    return text;
}

}  // namespace octroi
