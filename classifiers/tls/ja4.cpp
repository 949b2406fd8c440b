#include "classifiers/tls/ja4.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "classifiers/base/owned.hpp"

namespace octroi::tls {
namespace {

constexpr std::uint16_t extension_signature_algorithms = 13;
constexpr std::uint16_t extension_supported_versions = 43;
constexpr std::size_t shown_octets = 6;   // of a sum
constexpr std::size_t most_counted = 99;  // two digits

using Codes = std::vector<std::uint16_t>;

// RFC 8701 2: 0x0a0a, 0x1a1a, ... 0xfafa.
bool is_grease(std::uint16_t code) {
    return (code & 0x0f0fU) == 0x0a0a && code >> 8U == (code & 0xffU);
}

Codes read_codes(ByteReader list) {
    Codes codes;
    codes.reserve(list.rest().size() / 2);
    while (list.ok() && !list.empty()) {
        const std::uint16_t code = list.u16();
        if (list.ok() && !is_grease(code))
            codes.push_back(code);
    }
    return codes;
}

struct Extensions {
    Codes types;
    Codes signature_algorithms;
    std::uint16_t version = 0;  // highest of supported_versions, 0 where absent
};

Extensions read_extensions(Bytes bytes) {
    Extensions found;
    found.types.reserve(32);
    ByteReader reader(bytes);
    while (reader.ok() && !reader.empty()) {
        const std::uint16_t type = reader.u16();
        ByteReader data = reader.nested(reader.u16());
        if (is_grease(type))
            continue;
        found.types.push_back(type);
        if (type == extension_signature_algorithms)
            found.signature_algorithms = read_codes(data.nested(data.u16()));
        if (type == extension_supported_versions)
            for (const std::uint16_t version : read_codes(data.nested(data.u8())))
                found.version = std::max(found.version, version);
    }
    return found;
}

std::string_view version_text(std::uint16_t version) {
    switch (version) {
        case 0x0304:
            return "13";
        case 0x0303:
            return "12";
        case 0x0302:
            return "11";
        case 0x0301:
            return "10";
        case 0x0300:
            return "s3";
        default:
            return "00";
    }
}

// First and last character; where one is neither letter nor digit, of the hexadecimal form.
std::string alpn_text(Bytes alpn) {
    if (alpn.empty())
        return "00";
    const auto plain = [](std::uint8_t octet) {
        return (octet >= '0' && octet <= '9') || ((octet | 0x20) >= 'a' && (octet | 0x20) <= 'z');
    };
    if (plain(alpn.front()) && plain(alpn.back()))
        return {static_cast<char>(alpn.front()), static_cast<char>(alpn.back())};
    return fmt::format("{:x}{:x}", alpn.front() >> 4U, alpn.back() & 0x0fU);
}

constexpr std::string_view digits = "0123456789abcdef";

// Four digits a code, commas between them. Written in place: this is done for each new TLS flow.
void append_hex(std::string& text, const Codes& codes) {
    if (codes.empty())
        return;
    std::size_t at = text.size();
    text.resize(at + codes.size() * 5 - 1, ',');
    for (const std::uint16_t code : codes) {
        for (const unsigned shift : {12U, 8U, 4U, 0U})
            text[at++] = digits[std::uint32_t{code} >> shift & 0xfU];
        ++at;
    }
}

// SHA-256 with an algorithm that is looked up once and a context a thread: the one-shot functions
// of OpenSSL 3 look it up each time.
std::array<std::uint8_t, 32> sha256(const std::string& text) {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    thread_local const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    std::array<std::uint8_t, 32> digest{};
    if (EVP_DigestInit_ex2(context.get(), algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), text.data(), text.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1)
        throw std::bad_alloc();
    return digest;
}

std::string sum(const std::string& text) {
    if (text.empty())
        return "000000000000";
    const auto digest = sha256(text);
    std::string shown;
    for (const std::uint8_t octet : Bytes(digest).first(shown_octets)) {
        shown += digits[octet >> 4U];
        shown += digits[octet & 0xfU];
    }
    return shown;
}

}  // namespace

std::string ja4(const ClientHello& hello, Carrier carrier) {
    Codes ciphers = read_codes(ByteReader(hello.cipher_suites));
    Extensions extensions = read_extensions(hello.extensions);
    const bool named =
        std::ranges::find(extensions.types, extension_server_name) != extensions.types.end();
    const std::uint16_t version =
        extensions.version != 0 ? extensions.version : hello.legacy_version;
    const std::string head =
        fmt::format("{}{}{}{:02}{:02}{}", static_cast<char>(carrier), version_text(version),
                    named ? 'd' : 'i', std::min(ciphers.size(), most_counted),
                    std::min(extensions.types.size(), most_counted), alpn_text(hello.alpn));

    std::ranges::sort(ciphers);
    std::string cipher_text;
    append_hex(cipher_text, ciphers);
    std::erase_if(extensions.types, [](std::uint16_t type) {
        return type == extension_server_name || type == extension_alpn;
    });
    std::ranges::sort(extensions.types);
    std::string extension_text;
    append_hex(extension_text, extensions.types);
    if (!extensions.signature_algorithms.empty() && !extension_text.empty()) {
        extension_text += '_';
        append_hex(extension_text, extensions.signature_algorithms);
    }
    return fmt::format("{}_{}_{}", head, sum(cipher_text), sum(extension_text));
}

}  // namespace octroi::tls
