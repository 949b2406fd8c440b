#include "classifiers/quic/quic_crypto.hpp"

#include <algorithm>
#include <new>
#include <string_view>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace octroi::quic {
namespace {

using Salt = std::array<std::uint8_t, 20>;

// RFC 9001 5.2
constexpr Salt salt_v1 = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                          0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
// RFC 9369 3.3.1
constexpr Salt salt_v2 = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                          0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
// draft-ietf-quic-tls-29 5.2
constexpr Salt salt_29 = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                          0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
// draft-ietf-quic-tls-23 5.2
constexpr Salt salt_23 = {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
                          0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02};

// draft-ietf-quic-tls-21 5.2, to draft 22
constexpr Salt salt_22 = {0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
                          0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a};
// Google's experiments with TLS in QUIC's framing of draft 27 (github.com/ntop/nDPI 3b1286ab)
constexpr Salt salt_t050 = {0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80,
                            0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10};
constexpr Salt salt_t051 = {0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50,
                            0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d};

bool between(std::uint32_t version, Version first, Version last) {
    return version >= static_cast<std::uint32_t>(first) &&
           version <= static_cast<std::uint32_t>(last);
}

bool is_v2(std::uint32_t version) {
    return version == static_cast<std::uint32_t>(Version::v2);
}

const Salt& salt_of(std::uint32_t version) {
    switch (static_cast<Version>(version)) {
        case Version::v2:
            return salt_v2;
        case Version::mvfst_22:
            return salt_22;
        case Version::mvfst_27:
        case Version::mvfst_experiment:
            return salt_23;
        case Version::t050:
            return salt_t050;
        case Version::t051:
            return salt_t051;
        default:
            break;
    }
    if (between(version, Version::draft_29, Version::draft_32) || is_reserved(version))
        return salt_29;
    if (between(version, Version::draft_23, Version::draft_28))
        return salt_23;
    if (version == static_cast<std::uint32_t>(Version::draft_22))
        return salt_22;
    return salt_v1;
}

template <typename T>
T* or_no_memory(T* pointer) {
    if (pointer == nullptr)
        throw std::bad_alloc();
    return pointer;
}

// OpenSSL fails where there is no memory. What it left behind is no key and no text.
void must(int result) {
    if (result != 1)
        throw std::bad_alloc();
}

EVP_MAC_CTX* new_hmac() {
    EVP_MAC* algorithm = or_no_memory(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    EVP_MAC_CTX* context = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm);
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    must(EVP_MAC_CTX_set_params(or_no_memory(context), parameters.data()));
    return context;
}

EVP_CIPHER_CTX* new_cipher(const EVP_CIPHER* cipher, bool encrypt) {
    EVP_CIPHER_CTX* context = or_no_memory(EVP_CIPHER_CTX_new());
    must(EVP_CipherInit_ex(context, cipher, nullptr, nullptr, nullptr, encrypt ? 1 : 0));
    return context;
}

}  // namespace

bool is_supported(std::uint32_t version) {
    switch (static_cast<Version>(version)) {
        case Version::v1:
        case Version::v2:
        case Version::mvfst_22:
        case Version::mvfst_27:
        case Version::mvfst_experiment:
        case Version::t050:
        case Version::t051:
            return true;
        default:
            return between(version, Version::draft_22, Version::draft_34) || is_reserved(version);
    }
}

Crypto::Crypto()
    : hmac_(new_hmac()),
      ecb_(new_cipher(EVP_aes_128_ecb(), true)),
      gcm_(new_cipher(EVP_aes_128_gcm(), false)) {
    must(EVP_CIPHER_CTX_set_padding(ecb_.get(), 0));
}

Crypto::Digest Crypto::hmac(Bytes key, Bytes message) {
    Digest digest{};
    std::size_t size = digest.size();
    must(EVP_MAC_init(hmac_.get(), key.data(), key.size(), nullptr));
    must(EVP_MAC_update(hmac_.get(), message.data(), message.size()));
    must(EVP_MAC_final(hmac_.get(), digest.data(), &size, digest.size()));
    return digest;
}

// RFC 8446 7.1, one block of HKDF-Expand (RFC 5869 2.3): every output here is 32 octets at most.
void Crypto::expand_label(const Digest& secret, const char* label, std::uint8_t* output,
                          std::size_t size) {
    const std::string_view name(label);
    std::array<std::uint8_t, 64> info{};
    std::size_t used = 0;
    const auto put = [&](auto value) { info[used++] = static_cast<std::uint8_t>(value); };
    put(size >> 8U);
    put(size & 0xffU);
    put(name.size());
    for (const char c : name)
        put(c);
    put(0);  // no context
    put(1);  // first block
    const Digest block = hmac(secret, Bytes(info).first(used));
    std::copy_n(block.begin(), size, output);
}

InitialKeys Crypto::client_keys(std::uint32_t version, Bytes destination_connection_id) {
    return keys(version, destination_connection_id, "tls13 client in");
}

InitialKeys Crypto::server_keys(std::uint32_t version, Bytes destination_connection_id) {
    return keys(version, destination_connection_id, "tls13 server in");
}

InitialKeys Crypto::keys(std::uint32_t version, Bytes destination_connection_id, const char* side) {
    const bool v2 = is_v2(version);
    const Digest initial_secret = hmac(salt_of(version), destination_connection_id);
    Digest secret{};
    expand_label(initial_secret, side, secret.data(), secret.size());
    InitialKeys keys;
    expand_label(secret, v2 ? "tls13 quicv2 key" : "tls13 quic key", keys.key.data(),
                 keys.key.size());
    expand_label(secret, v2 ? "tls13 quicv2 iv" : "tls13 quic iv", keys.iv.data(), keys.iv.size());
    expand_label(secret, v2 ? "tls13 quicv2 hp" : "tls13 quic hp", keys.header_protection.data(),
                 keys.header_protection.size());
    return keys;
}

std::array<std::uint8_t, 5> Crypto::header_mask(const InitialKeys& keys, Bytes sample) {
    std::array<std::uint8_t, 32> block{};
    int size = 0;
    must(EVP_EncryptInit_ex(ecb_.get(), nullptr, nullptr, keys.header_protection.data(), nullptr));
    must(EVP_EncryptUpdate(ecb_.get(), block.data(), &size, sample.data(),
                           static_cast<int>(sample_size)));
    std::array<std::uint8_t, 5> mask{};
    std::copy_n(block.begin(), mask.size(), mask.begin());
    return mask;
}

bool Crypto::open(const InitialKeys& keys, std::uint64_t packet_number, Bytes header, Bytes sealed,
                  std::uint8_t* plain) {
    if (sealed.size() < tag_size)
        return false;
    std::array<std::uint8_t, 12> nonce = keys.iv;
    for (std::size_t i = 0; i < sizeof packet_number; ++i)
        nonce[nonce.size() - 1 - i] ^= static_cast<std::uint8_t>(packet_number >> (8 * i));
    const Bytes text = sealed.first(sealed.size() - tag_size);
    std::array<std::uint8_t, tag_size> tag{};
    std::ranges::copy(sealed.last(tag_size), tag.begin());
    int size = 0;
    return EVP_DecryptInit_ex(gcm_.get(), nullptr, nullptr, keys.key.data(), nonce.data()) == 1 &&
           EVP_CIPHER_CTX_ctrl(gcm_.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag.size()),
                               tag.data()) == 1 &&
           EVP_DecryptUpdate(gcm_.get(), nullptr, &size, header.data(),
                             static_cast<int>(header.size())) == 1 &&
           EVP_DecryptUpdate(gcm_.get(), plain, &size, text.data(),
                             static_cast<int>(text.size())) == 1 &&
           EVP_DecryptFinal_ex(gcm_.get(), plain + size, &size) == 1;
}

}  // namespace octroi::quic
