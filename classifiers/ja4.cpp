#include "classifiers/ja4.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <openssl/sha.h>

namespace octroi::tls {
namespace {

constexpr std::uint16_t extension_server_name = 0;
constexpr std::uint16_t extension_signature_algorithms = 13;
constexpr std::uint16_t extension_alpn = 16;
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

void append_hex(std::string& text, const Codes& codes) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if (i > 0)
            text += ',';
        for (const unsigned shift : {12U, 8U, 4U, 0U})
            text += digits[std::uint32_t{codes[i]} >> shift & 0xfU];
    }
}

std::string sum(const std::string& text) {
    if (text.empty())
        return "000000000000";
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest.data());
    std::string shown;
    for (const std::uint8_t octet : Bytes(digest).first(shown_octets))
        shown += fmt::format("{:02x}", octet);
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
