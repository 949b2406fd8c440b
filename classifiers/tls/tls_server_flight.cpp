#include "classifiers/tls/tls_server_flight.hpp"

#include <algorithm>

#include "classifiers/tls/tls_handshake.hpp"

namespace octroi::tls {
namespace {

constexpr std::uint8_t server_hello = 2;
constexpr std::uint8_t certificate = 11;

// A warning: a server that does not know the client's name says so first (RFC 6066 3).
bool is_warning(std::uint8_t type, Bytes fragment) {
    return type == content_type_alert && fragment.size() == 2 && fragment[0] == 1;
}

// The handshake octets of the records at the start of the stream; false where another kind of
// record follows them.
bool gather_handshake(Bytes stream, std::vector<std::uint8_t>& handshake) {
    handshake.clear();
    ByteReader reader(stream);
    while (reader.rest().size() >= record_header) {
        const std::uint8_t type = reader.u8();
        const std::uint8_t major = reader.u8();
        reader.u8();
        const std::size_t length = reader.u16();
        const Bytes fragment = reader.bytes(std::min(length, reader.rest().size()));
        if (major == 3 && length == 2 && fragment.size() < length)
            return true;
        if (major == 3 && is_warning(type, fragment))
            continue;
        if (type != content_type_handshake || major != 3)
            return false;
        handshake.insert(handshake.end(), fragment.begin(), fragment.end());
    }
    return true;
}

}  // namespace

Bytes first_certificate(ByteReader message) {
    ByteReader list = message.nested(message.u24());
    return list.bytes(list.u24());
}

std::expected<Bytes, NoCertificate> server_certificate(Bytes stream,
                                                       std::vector<std::uint8_t>& scratch) {
    const bool may_grow = gather_handshake(stream, scratch);
    ByteReader messages(scratch);
    for (bool first = true; messages.rest().size() >= 4; first = false) {
        const std::uint8_t type = messages.u8();
        const std::size_t length = messages.u24();
        if (first ? type != server_hello : type == server_hello)
            return std::unexpected(NoCertificate::none);
        const ByteReader message = messages.nested(length);
        if (!messages.ok())
            break;
        if (type != certificate)
            continue;
        const Bytes der = first_certificate(message);
        if (der.empty())
            return std::unexpected(NoCertificate::none);
        return der;
    }
    return std::unexpected(may_grow ? NoCertificate::incomplete : NoCertificate::none);
}

bool starts_with_server_hello(Bytes stream) {
    return stream.size() > record_header && stream[0] == content_type_handshake && stream[1] == 3 &&
           stream[record_header] == server_hello;
}

}  // namespace octroi::tls
