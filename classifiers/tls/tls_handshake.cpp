#include "classifiers/tls/tls_handshake.hpp"

#include <algorithm>

#include "classifiers/net/tcp_stream.hpp"

namespace octroi::tls {
namespace {

constexpr std::uint8_t handshake_type_client_hello = 1;  // RFC 8446 4
constexpr std::size_t handshake_header = 4;
constexpr std::size_t max_record = 16384 + 256;  // RFC 8446 5.2
constexpr std::uint8_t usual_major = 3;
constexpr std::uint8_t majors = 16;  // Go takes 0 to 15: from 16 on it thinks of another protocol
// What holds the fields of a ClientHello without extensions, and more than any server reads: beside
// an unusual version these tell TLS from a stranger.
constexpr std::size_t shortest_hello = 41;
constexpr std::size_t longest_hello = 1UL << 18U;

std::unexpected<HandshakeProblem> need(std::size_t octets, bool begun) {
    return std::unexpected(
        HandshakeProblem{.incomplete = true, .progress = {.needed = octets, .begun = begun}});
}

std::unexpected<HandshakeProblem> refuse(NotClientHello reason) {
    return std::unexpected(HandshakeProblem{.reason = reason});
}

// The record at the start of some octets, of which the end may still be missing.
struct Record {
    std::uint8_t type = content_type_handshake;
    std::uint8_t major = usual_major;
    bool has_header = false;
    std::size_t length = 0;
    Bytes fragment;  ///< as much of it as is there
};

Record read_record(Bytes octets) {
    Record record;
    if (!octets.empty())
        record.type = octets[0];
    if (octets.size() > 1)
        record.major = octets[1];
    ByteReader reader(octets);
    reader.bytes(3);  // content type, legacy_record_version
    record.length = reader.u16();
    record.has_header = reader.ok();
    record.fragment = reader.rest().first(std::min(record.length, reader.rest().size()));
    return record;
}

// Records that mean nothing before a ServerHello: a warning (RFC 5246 7.2), a change of cipher (RFC
// 8446 5: dropped without further processing; OpenSSL passes over an empty one).
bool is_filler(const Record& record) {
    constexpr std::uint8_t marker = 1;  // AlertLevel warning; change_cipher_spec
    const bool change = record.type == content_type_change_cipher_spec;
    if (!change && record.type != content_type_alert)
        return false;
    const std::size_t size = change ? 1 : 2;
    const bool sized =
        !record.has_header || record.length == size || (change && record.length == 0);
    return sized && (record.fragment.empty() || record.fragment[0] == marker);
}

bool is_handshake(const Record& record) {
    return record.type == content_type_handshake;
}

// The whole message's length once its 4-octet header is there, else the header's.
std::size_t wanted(Bytes message) {
    if (message.size() < handshake_header)
        return handshake_header;
    ByteReader header(message);
    header.u8();
    return handshake_header + header.u24();
}

bool is_plausible(Bytes message) {
    const std::size_t size = wanted(message);
    return message.size() < handshake_header || (size >= shortest_hello && size < longest_hello);
}

// Gathers the message record by record.
class Gatherer {
  public:
    Gatherer(Bytes stream, std::vector<std::uint8_t>& scratch)
        : stream_(stream), scratch_(scratch) {
        scratch_.clear();
    }

    std::expected<Bytes, HandshakeProblem> message() {
        while (true) {
            const Record record = read_record(stream_.subspan(position_));
            if (record.major >= majors || (!is_handshake(record) && !is_filler(record)))
                return foreign();
            if (!record.has_header)
                return more(position_ + record_header);
            if (record.length > max_record)
                return overlong(record);
            if (record.type == content_type_handshake)
                if (const auto found = take(record); found || !found.error().incomplete)
                    return found;
            position_ += record_header + record.length;
            if (record.fragment.size() < record.length)
                return more(position_);
        }
    }

  private:
    std::unexpected<HandshakeProblem> foreign() const {
        return refuse(begun_ ? NotClientHello::malformed : NotClientHello::not_tls);
    }

    // No server reads it; whether a hello starts in it tells what it is.
    std::unexpected<HandshakeProblem> overlong(const Record& record) const {
        const Bytes start =
            record.fragment.first(std::min(record.fragment.size(), handshake_header));
        const bool hello = start.empty() || start[0] == handshake_type_client_hello;
        if (begun_ || !hello || !is_plausible(start))
            return foreign();
        if (start.size() < handshake_header)
            return need(position_ + record_header + handshake_header, false);
        return refuse(NotClientHello::malformed);
    }

    // Octets that the message still lacks are lacking in the stream, whatever its records are.
    std::unexpected<HandshakeProblem> more(std::size_t for_record) const {
        if (!begun_)
            return need(for_record, false);
        return need(stream_.size() + wanted(message_) - message_.size(), true);
    }

    std::expected<Bytes, HandshakeProblem> take(const Record& record) {
        unusual_ = unusual_ || record.major != usual_major;
        if (message_.empty() && !record.fragment.empty() &&
            record.fragment[0] != handshake_type_client_hello)
            return foreign();
        const bool only_record = message_.empty();
        if (!only_record || record.fragment.size() < wanted(record.fragment)) {
            scratch_.insert(scratch_.end(), record.fragment.begin(), record.fragment.end());
            message_ = scratch_;
        } else {
            message_ = record.fragment;
        }
        begun_ = !message_.empty();
        const std::size_t size = wanted(message_);
        if (unusual_ && !is_plausible(message_))
            return refuse(NotClientHello::not_tls);
        if (size > TcpStream::capacity - record_header)
            return refuse(NotClientHello::too_large);
        if (message_.size() >= std::max(size, handshake_header))
            return message_.first(size);
        return need(size, true);
    }

    Bytes stream_;
    std::vector<std::uint8_t>& scratch_;
    Bytes message_;
    std::size_t position_ = 0;
    bool begun_ = false;
    bool unusual_ = false;  ///< a record of another major version than 3
};

}  // namespace

std::expected<Bytes, HandshakeProblem> first_handshake_message(Bytes stream,
                                                               std::vector<std::uint8_t>& scratch) {
    return Gatherer(stream, scratch).message();
}

OldHello old_client_hello(Bytes stream) {
    constexpr std::uint16_t two_octet_header = 0x8000;
    ByteReader reader(stream);
    const std::size_t length = reader.u16();
    const std::uint8_t type = reader.u8();
    const std::uint8_t major = reader.u8();
    if ((!stream.empty() && stream[0] < 0x80) ||
        (stream.size() > 2 && stream[2] != handshake_type_client_hello) ||
        (stream.size() > 3 && stream[3] != usual_major))
        return OldHello::no;
    reader.u8();  // minor version
    const std::size_t ciphers = reader.u16();
    const std::size_t session = reader.u16();
    const std::size_t challenge = reader.u16();
    if (!reader.ok())
        return OldHello::incomplete;
    const std::size_t fields = 9 + ciphers + session + challenge;
    const bool whole = type == handshake_type_client_hello && major == usual_major &&
                       ciphers != 0 && ciphers % 3 == 0 && challenge >= 16 && challenge <= 32 &&
                       length - two_octet_header == fields;
    return whole ? OldHello::yes : OldHello::no;
}

}  // namespace octroi::tls
