#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/base/owned.hpp"

// NOLINTBEGIN(readability-redundant-declaration,readability-identifier-naming): keeps OpenSSL's
// headers in one file
struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;
extern "C" void EVP_CIPHER_CTX_free(evp_cipher_ctx_st*);
extern "C" void EVP_MAC_CTX_free(evp_mac_ctx_st*);

// NOLINTEND(readability-redundant-declaration,readability-identifier-naming)

namespace octroi::quic {

/// Versions whose Initial packets octroi can open.
enum class Version : std::uint32_t {
    v1 = 0x00000001,  ///< RFC 9000
    v2 = 0x6b3343cf,  ///< RFC 9369
    draft_22 = 0xff000016,
    draft_23 = 0xff000017,  ///< to draft 28
    draft_28 = 0xff00001c,
    draft_29 = 0xff00001d,  ///< to draft 32
    draft_32 = 0xff000020,
    draft_33 = 0xff000021,  ///< to draft 34, keys as in v1
    draft_34 = 0xff000022,
    mvfst_22 = 0xfaceb001,          ///< Facebook's, keys as in draft 22
    mvfst_27 = 0xfaceb002,          ///< Facebook's, keys as in draft 27
    mvfst_experiment = 0xfaceb00e,  ///< Facebook's, keys as in draft 27
    t050 = 0x54303530,              ///< Google's "T050": TLS over Google QUIC, own salt
    t051 = 0x54303531               ///< Google's "T051"
};

[[nodiscard]] bool is_supported(std::uint32_t version);

/// RFC 9000 15: ?a?a?a?a, which no server speaks. A client that begins with one has the server
/// negotiate; its Initials open with the keys of draft 29, as seen of those that do so.
[[nodiscard]] constexpr bool is_reserved(std::uint32_t version) {
    return (version & 0x0f0f0f0fU) == 0x0a0a0a0aU;
}

/// Keys of the Initial packets of one side (RFC 9001 5.2).
struct InitialKeys {
    std::array<std::uint8_t, 16> key{};
    std::array<std::uint8_t, 12> iv{};
    std::array<std::uint8_t, 16> header_protection{};
};

/// The cryptography of Initial packets through libcrypto: keys, header protection, AEAD. Holds
/// reusable contexts; not shared between threads.
class Crypto {
  public:
    static constexpr std::size_t tag_size = 16;
    static constexpr std::size_t sample_size = 16;

    Crypto();

    /// RFC 9001 5.2, RFC 9369 3.3: from the destination connection id of the client's first
    /// Initial.
    [[nodiscard]] InitialKeys client_keys(std::uint32_t version, Bytes destination_connection_id);

    /// Of the server's Initials, from the same connection id.
    [[nodiscard]] InitialKeys server_keys(std::uint32_t version, Bytes destination_connection_id);

    /// RFC 9001 5.4.3: the 5 octets that mask the first byte and the packet number. `sample`
    /// has 16.
    [[nodiscard]] std::array<std::uint8_t, 5> header_mask(const InitialKeys& keys, Bytes sample);

    /// RFC 9001 5.3: AEAD_AES_128_GCM. `sealed` ends with the tag; `plain` has room for the rest.
    /// False where the packet is not authentic; `plain` is then not to be read.
    [[nodiscard]] bool open(const InitialKeys& keys, std::uint64_t packet_number, Bytes header,
                            Bytes sealed, std::uint8_t* plain);

  private:
    using Cipher = Owned<evp_cipher_ctx_st, EVP_CIPHER_CTX_free>;
    using Mac = Owned<evp_mac_ctx_st, EVP_MAC_CTX_free>;
    using Digest = std::array<std::uint8_t, 32>;

    [[nodiscard]] InitialKeys keys(std::uint32_t version, Bytes destination_connection_id,
                                   const char* side);
    [[nodiscard]] Digest hmac(Bytes key, Bytes message);
    void expand_label(const Digest& secret, const char* label, std::uint8_t* output,
                      std::size_t size);

    Mac hmac_;
    Cipher ecb_;
    Cipher gcm_;
};

}  // namespace octroi::quic
