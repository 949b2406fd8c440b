#include "classifiers/tls_handshake.hpp"

#include <algorithm>

#include "classifiers/tcp_stream.hpp"

namespace octroi::tls {
namespace {

constexpr std::uint8_t handshake_type_client_hello = 1;  // RFC 8446 4
constexpr std::size_t handshake_header = 4;
constexpr std::size_t max_record = 16384 + 256;  // RFC 8446 5.2

std::unexpected<HandshakeProblem> need(std::size_t octets) {
    return std::unexpected(HandshakeProblem{.incomplete = true, .progress = {.needed = octets}});
}

std::unexpected<HandshakeProblem> refuse(NotClientHello reason) {
    return std::unexpected(HandshakeProblem{.reason = reason});
}

bool is_handshake_record(Bytes stream) {
    return (stream.empty() || stream[0] == content_type_handshake) &&
           (stream.size() < 2 || stream[1] == 3) && (stream.size() < 3 || stream[2] <= 4);
}

// The whole message's length once its 4-octet header is there, else the header's.
std::size_t wanted(Bytes message) {
    if (message.size() < handshake_header)
        return handshake_header;
    ByteReader header(message);
    header.u8();
    return handshake_header + header.u24();
}

}  // namespace

std::expected<Bytes, HandshakeProblem> first_handshake_message(Bytes stream,
                                                               std::vector<std::uint8_t>& scratch) {
    scratch.clear();
    std::size_t position = 0;
    while (true) {
        const Bytes rest = stream.subspan(position);
        if (!is_handshake_record(rest))
            return refuse(NotClientHello::not_tls);
        if (rest.size() < record_header)
            return need(position + record_header);
        ByteReader reader(rest);
        reader.bytes(3);  // content type, legacy_record_version
        const std::size_t length = reader.u16();
        if (length == 0 || length > max_record)
            return refuse(NotClientHello::not_tls);
        const Bytes fragment = reader.rest().first(std::min(length, reader.rest().size()));
        if (position == 0 && !fragment.empty() && fragment[0] != handshake_type_client_hello)
            return refuse(NotClientHello::not_tls);
        const bool only_record = scratch.empty();
        if (only_record && fragment.size() >= handshake_header &&
            fragment.size() >= wanted(fragment))
            return fragment.first(wanted(fragment));
        scratch.insert(scratch.end(), fragment.begin(), fragment.end());
        const std::size_t message = wanted(scratch);
        if (message > TcpStream::capacity - record_header)
            return refuse(NotClientHello::too_large);
        if (scratch.size() >= message)
            return Bytes(scratch).first(message);
        position += record_header + length;
        if (fragment.size() < length) {
            // A message that ends inside this record can be read before the record is complete.
            const std::size_t missing = message - scratch.size();
            const std::size_t record_end = position;
            return need(std::min(record_end, stream.size() + missing));
        }
    }
}

}  // namespace octroi::tls
