#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <openssl/evp.h>

#include "classifiers/quic/quic_crypto.hpp"
#include "tests/unit/wire.hpp"

/// QUIC packets written field by field and sealed, for tests. The keys come from the code under
/// test, which its own test holds against the RFCs' vectors.
namespace octroi::wire {

inline constexpr std::uint32_t quic_v1 = 0x00000001;
inline constexpr std::uint32_t quic_v2 = 0x6b3343cf;
inline constexpr std::uint32_t quic_draft_29 = 0xff00001d;

[[nodiscard]] inline Buffer hexadecimal(std::string_view digits) {
    const auto value = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    };
    Buffer bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(value(digits[i]) << 4U | value(digits[i + 1])));
    return bytes;
}

// RFC 9000 16, in the shortest form.
[[nodiscard]] inline Buffer varint(std::uint64_t value) {
    if (value < 1U << 6U)
        return Fields().u8(value).take();
    if (value < 1U << 14U)
        return Fields().u16(0x4000U | value).take();
    if (value < 1U << 30U)
        return Fields().u32(0x80000000U | value).take();
    return Fields().u32(0xc0000000U | value >> 32U).u32(value & 0xffffffffU).take();
}

// RFC 9000 19.6
[[nodiscard]] inline Buffer crypto_frame(std::uint64_t offset, Bytes data) {
    return Fields()
        .u8(0x06)                    // CRYPTO
        .bytes(varint(offset))       // offset
        .bytes(varint(data.size()))  // length
        .bytes(data)
        .take();
}

// RFC 9000 19.1, 19.2
inline constexpr std::uint8_t padding_frame = 0x00;
inline constexpr std::uint8_t ping_frame = 0x01;

// RFC 9000 19.3
[[nodiscard]] inline Buffer ack_frame(std::uint64_t largest) {
    return Fields()
        .u8(0x02)                // ACK
        .bytes(varint(largest))  // largest acknowledged
        .bytes(varint(25))       // delay
        .bytes(varint(1))        // one more range
        .bytes(varint(0))        // first range
        .bytes(varint(2))        // gap
        .bytes(varint(0))        // length of the range
        .take();
}

/// What the header of an Initial packet holds (RFC 9000 17.2.2).
struct Initial {
    std::uint32_t version = quic_v1;
    Buffer destination = hexadecimal("8394c8f03e515708");
    Buffer source = {};
    Buffer token = {};
    std::uint32_t number = 0;
    std::size_t number_size = 4;           ///< octets that the number takes, 1 to 4
    std::optional<Buffer> keys_from = {};  ///< connection id of the keys; nothing: `destination`
    std::size_t size = 1200;               ///< octets that PADDING fills up to
    bool fixed_bit = true;
    bool from_server = false;  ///< sealed with the server's keys
};

/// A long header up to the length field, for packets with one; `bits` is the type in version 1.
[[nodiscard]] inline Fields long_header(unsigned bits, const Initial& header) {
    const unsigned type = header.version == quic_v2 ? (bits + 1) % 4 : bits;  // RFC 9369 3.2
    Fields fields;
    fields
        .u8(0x80U | (header.fixed_bit ? 0x40U : 0U) | type << 4U |
            (header.number_size - 1))  // form, fixed, type, number's size
        .u32(header.version)
        .vector8(header.destination)
        .vector8(header.source);
    return fields;
}

// RFC 9001 5.3: AEAD_AES_128_GCM, the nonce is the iv XOR the packet number.
[[nodiscard]] inline Buffer encrypt(const octroi::quic::InitialKeys& keys, std::uint32_t number,
                                    const Buffer& header, const Buffer& plain) {
    std::array<std::uint8_t, 12> nonce = keys.iv;
    for (std::size_t i = 0; i < 4; ++i)
        nonce[11 - i] ^= static_cast<std::uint8_t>(number >> (8 * i));
    const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(),
                                                                             EVP_CIPHER_CTX_free);
    Buffer sealed(plain.size() + octroi::quic::Crypto::tag_size);
    int size = 0;
    EVP_EncryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, keys.key.data(), nonce.data());
    EVP_EncryptUpdate(context.get(), nullptr, &size, header.data(),
                      static_cast<int>(header.size()));
    EVP_EncryptUpdate(context.get(), sealed.data(), &size, plain.data(),
                      static_cast<int>(plain.size()));
    EVP_EncryptFinal_ex(context.get(), sealed.data() + size, &size);
    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, octroi::quic::Crypto::tag_size,
                        sealed.data() + plain.size());
    return sealed;
}

/// An Initial packet that carries `frames` (RFC 9001 5).
[[nodiscard]] inline Buffer initial(const Initial& header, Buffer frames) {
    static octroi::quic::Crypto crypto;
    // RFC 9001 5.4.2: enough for the sample, which starts 4 octets behind the number's start.
    if (frames.size() + header.number_size < 4)
        frames.resize(4 - header.number_size, padding_frame);
    const std::size_t others = long_header(0, header).take().size() +
                               varint(header.token.size()).size() + header.token.size() + 2 +
                               header.number_size + 16;
    if (others + frames.size() < header.size)
        frames.resize(header.size - others, padding_frame);
    const std::size_t length = header.number_size + frames.size() + 16;
    Buffer packet = long_header(0, header)
                        .bytes(varint(header.token.size()))  // token length
                        .bytes(header.token)
                        .u16(0x4000U | length)  // length, of 2 octets
                        .take();
    const std::size_t number_at = packet.size();
    for (std::size_t i = header.number_size; i > 0; --i)
        packet.push_back(static_cast<std::uint8_t>(header.number >> (8 * (i - 1))));
    const Buffer id = header.keys_from.value_or(header.destination);
    const auto keys = header.from_server ? crypto.server_keys(header.version, id)
                                         : crypto.client_keys(header.version, id);
    packet = join(packet, encrypt(keys, header.number, packet, frames));
    const auto mask = crypto.header_mask(keys, Bytes(packet).subspan(number_at + 4, 16));
    packet[0] ^= static_cast<std::uint8_t>(mask[0] & 0x0fU);
    for (std::size_t i = 0; i < header.number_size; ++i)
        packet[number_at + i] ^= mask[1 + i];
    return packet;
}

/// A long-header packet of type 0-RTT (1) or Handshake (2) that nobody here can open.
[[nodiscard]] inline Buffer opaque_packet(unsigned bits, const Initial& header,
                                          std::size_t length = 60) {
    return long_header(bits, header)
        .bytes(varint(length))  // length
        .fill(length, 0x5a)     // number and payload
        .take();
}

// RFC 9000 17.2.5
[[nodiscard]] inline Buffer retry_packet(const Initial& header) {
    return long_header(3, header)
        .text("token")   // token
        .fill(16, 0xee)  // integrity tag
        .take();
}

}  // namespace octroi::wire
