#include "classifiers/tls/client_hello.hpp"

#include <algorithm>
#include <optional>

namespace octroi::tls {
namespace {

constexpr std::uint8_t client_hello_type = 1;
constexpr std::uint16_t extension_encrypted_client_hello = 0xfe0d;
constexpr std::uint8_t name_type_host_name = 0;

// RFC 6066 3: ServerNameList holds at most one name of each type. Empty where it names nobody,
// nothing where no server reads it. GnuTLS reads a name in front of what is none.
std::optional<Bytes> read_server_name(ByteReader extension) {
    ByteReader list = extension.nested(extension.u16());
    if (!list.ok() || list.empty() || !extension.empty())
        return std::nullopt;
    std::optional<Bytes> found;
    while (!list.empty()) {
        const std::uint8_t type = list.u8();
        const Bytes name = list.bytes(list.u16());
        if (!list.ok())
            return found;
        if (type != name_type_host_name)
            found = found.value_or(Bytes());
        else if (!found || found->empty())
            found = name;
        else if (!std::ranges::equal(*found, name))
            return std::nullopt;
    }
    return found;
}

// Of several extensions with different names nobody knows which a server takes.
bool take_server_name(ClientHello& hello, const ByteReader& extension) {
    const auto name = read_server_name(extension);
    if (!name || !(hello.server_name.empty() || name->empty() ||
                   std::ranges::equal(*name, hello.server_name)))
        return false;
    if (hello.server_name.empty())
        hello.server_name = *name;
    return true;
}

// RFC 7301 3.1: ProtocolNameList in descending client preference.
Bytes read_alpn(ByteReader extension) {
    ByteReader list = extension.nested(extension.u16());
    return list.bytes(list.u8());
}

// Whether it has the form that it must have, where octroi reads it.
bool read_extension(ClientHello& hello, std::uint16_t type, const ByteReader& extension) {
    if (type == extension_server_name)
        return take_server_name(hello, extension);
    if (type == extension_alpn && hello.alpn.empty())
        hello.alpn = read_alpn(extension);
    else if (type == extension_encrypted_client_hello)
        hello.encrypted_client_hello = true;
    return true;
}

}  // namespace

std::expected<ClientHello, ParseError> parse_client_hello(Bytes handshake) {
    ByteReader message(handshake);
    const std::uint8_t type = message.u8();
    const std::uint32_t length = message.u24();
    if (!handshake.empty() && type != client_hello_type)
        return std::unexpected(ParseError::not_client_hello);
    ByteReader body = message.nested(length);
    if (!body.ok())
        return std::unexpected(ParseError::truncated);

    ClientHello hello;
    hello.legacy_version = body.u16();
    body.bytes(32);         // random
    body.bytes(body.u8());  // legacy_session_id
    hello.cipher_suites = body.bytes(body.u16());
    body.bytes(body.u8());  // legacy_compression_methods
    if (!body.ok())
        return std::unexpected(ParseError::malformed);
    if (body.empty())
        return hello;  // TLS 1.2 without extensions is legal

    hello.extensions = body.bytes(body.u16());
    if (!body.ok() || !body.empty())
        return std::unexpected(ParseError::malformed);
    ByteReader extensions(hello.extensions);
    while (extensions.ok() && !extensions.empty()) {
        const std::uint16_t extension_type = extensions.u16();
        const ByteReader extension = extensions.nested(extensions.u16());
        if (!extensions.ok() || !read_extension(hello, extension_type, extension))
            return std::unexpected(ParseError::malformed);
    }
    if (!extensions.ok())
        return std::unexpected(ParseError::malformed);
    return hello;
}

}  // namespace octroi::tls
