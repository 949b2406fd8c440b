#include "classifiers/clear/starttls.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "classifiers/tls/tls_handshake.hpp"

namespace octroi::starttls {
namespace {

using namespace std::string_view_literals;
using Offset = std::expected<std::size_t, Problem>;

constexpr auto foreign = std::unexpected(Problem::foreign);
constexpr auto incomplete = std::unexpected(Problem::incomplete);

// With what a client greets, or what it may say before it asks for TLS.
constexpr std::array openings = {"EHLO"sv, "HELO"sv, "LHLO"sv,       "STARTTLS"sv,    "STLS"sv,
                                 "CAPA"sv, "FEAT"sv, "AUTH"sv,       "NOOP"sv,        "HELP"sv,
                                 "SYST"sv, "RSET"sv, "CLNT"sv,       "OPTS"sv,        "MODE"sv,
                                 "CAP"sv,  "USER"sv, "CAPABILITY"sv, "CAPABILITIES"sv};
// The same in IMAP, behind the tag.
constexpr std::array tagged_openings = {"STARTTLS"sv, "CAPABILITY"sv, "NOOP"sv,
                                        "ID"sv,       "ENABLE"sv,     "LOGOUT"sv};
// What a message begins with, unless the server refuses it. So much of one is looked at: a client
// that wants TLS asks before, as a rule.
constexpr std::string_view message_follows = "\nDATA\r"sv;
constexpr std::size_t longest_message = 4096;
constexpr std::array xml_openings = {"<?xml"sv, "<stream:stream"sv};

bool same_letters(char a, char b) {
    return a == b || ((a ^ b) == 0x20 && (a | 0x20) >= 'a' && (a | 0x20) <= 'z');
}

bool same(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, same_letters);
}

std::string_view take_word(std::string_view& line) {
    const std::string_view word = line.substr(0, line.find_first_of(" \t\r"sv));
    line.remove_prefix(std::min(word.size() + 1, line.size()));
    return word;
}

bool is_any_of(std::string_view word, const auto& words) {
    return std::ranges::any_of(words, [&](std::string_view each) { return same(word, each); });
}

// Of the characters that a tag may have (RFC 9051 9) those that a word of HTTP may have, too: a
// line that starts with them is waited for.
bool is_tag(std::string_view word) {
    return !word.empty() && std::ranges::all_of(word, [](char c) {
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
               "-._"sv.contains(c);
    });
}

// Whether the first line is one of a client of these protocols. A line without end is none: whether
// to wait for it is HTTP's to say, where any word may come first.
bool opens_commands(std::string_view text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos)
        return false;
    std::string_view line = text.substr(0, end);
    if (line.contains("HTTP/"sv))
        return false;
    const std::string_view first = take_word(line);
    const std::string_view second = take_word(line);
    return is_any_of(first, openings) || (is_tag(first) && is_any_of(second, tagged_openings));
}

bool opens_xml(std::string_view text) {
    return std::ranges::any_of(xml_openings, [&](std::string_view opening) {
        return opening.starts_with(text.substr(0, opening.size()));
    });
}

bool is_text(std::uint8_t octet) {
    return octet >= 0x20 || octet == '\t' || octet == '\r' || octet == '\n';
}

bool starts_record(std::uint8_t octet) {
    return octet >= tls::content_type_change_cipher_spec && octet <= tls::content_type_handshake;
}

bool holds_long_message(std::string_view text) {
    const auto found = std::ranges::search(text, message_follows, same_letters);
    return found.end() - text.begin() + std::ptrdiff_t{longest_message} < std::ssize(text) &&
           !found.empty();
}

// Commands are text; the first octet that is none starts the TLS record behind one.
Offset behind_commands(Bytes stream, std::size_t& settled) {
    const std::string_view text = as_text(stream);
    const std::string_view line =
        text.substr(std::min(text.find_first_not_of("\r\n"sv), text.size()));
    if (line.empty() || (!opens_xml(line) && !opens_commands(line)))
        return foreign;
    const auto unread = stream.subspan(settled);
    const auto found = std::ranges::find_if_not(unread, is_text);
    const std::size_t end = settled + static_cast<std::size_t>(found - unread.begin());
    const std::size_t seen = settled - std::min(settled, longest_message + message_follows.size());
    if (holds_long_message(text.substr(seen, end - seen)))
        return foreign;
    settled = end;
    if (end == stream.size())
        return incomplete;
    const std::uint8_t before = end == 0 ? 0 : stream[end - 1];
    return starts_record(stream[end]) && (before == '\n' || before == '>') ? Offset(end)
                                                                           : Offset(foreign);
}

// A fixed start: whether it is there, or may still come.
Offset fixed(Bytes stream, std::string_view octets, std::size_t size) {
    const std::string_view text = as_text(stream);
    if (!octets.starts_with(text.substr(0, octets.size())))
        return foreign;
    return stream.size() < size ? Offset(incomplete) : Offset(size);
}

// An SSLRequest or a GSSENCRequest, which the server may refuse before the client asks for TLS.
Offset behind_postgresql(Bytes stream) {
    const Offset ssl = fixed(stream, "\0\0\0\x08\x04\xd2\x16\x2f"sv, 8);
    return ssl || ssl.error() == Problem::incomplete
               ? ssl
               : fixed(stream, "\0\0\0\x08\x04\xd2\x16\x30"sv, 8);
}

// SSLRequest: the first packet after the server's, 32 octets, with CLIENT_SSL among its
// capabilities.
Offset behind_mysql(Bytes stream) {
    constexpr std::size_t size = 4 + 32;
    constexpr std::uint8_t client_ssl = 0x08;  // 0x0800, little-endian
    const Offset whole = fixed(stream, "\x20\0\0\x01"sv, size);
    return whole && (stream[5] & client_ssl) == 0 ? Offset(foreign) : whole;
}

// BER (X.690 8.1.3): a length in one octet, or in up to four behind their number.
std::size_t read_length(ByteReader& reader) {
    const std::uint8_t first = reader.u8();
    if (first < 0x80)
        return first;
    std::size_t length = 0;
    for (const std::uint8_t octet : reader.bytes(std::min<std::size_t>(first & 0x7fU, 5)))
        length = length << 8U | octet;
    return length;
}

// RFC 4511 4.14.1: LDAPMessage { messageID, [APPLICATION 23] { [0] requestName } }
Offset behind_ldap(Bytes stream) {
    constexpr std::uint8_t sequence = 0x30;
    constexpr std::uint8_t integer = 0x02;
    constexpr std::uint8_t extended_request = 0x77;
    constexpr std::size_t longest = 64;
    if (stream[0] != sequence)
        return foreign;
    ByteReader reader(stream);
    reader.u8();
    const std::size_t length = read_length(reader);
    if (reader.ok() && length > longest)
        return foreign;
    const Bytes rest = reader.rest();
    const Bytes content = rest.first(std::min(length, rest.size()));
    const bool whole = reader.ok() && content.size() == length;
    ByteReader message(content);
    if (const std::uint8_t tag = message.u8(); message.ok() && tag != integer)
        return foreign;
    message.bytes(read_length(message));
    if (const std::uint8_t tag = message.u8(); message.ok() && tag != extended_request)
        return foreign;
    if (!whole)
        return incomplete;
    const bool found = !std::ranges::search(content, "1.3.6.1.4.1.1466.20037"sv).empty();
    return message.ok() && found ? Offset(stream.size() - rest.size() + length) : Offset(foreign);
}

// A connection request (X.224 13.3) in a TPKT (RFC 1006 6).
Offset behind_rdp(Bytes stream) {
    constexpr std::uint8_t connection_request = 0xe0;
    ByteReader reader(stream);
    reader.u16();
    const std::size_t size = reader.u16();
    const std::size_t header = reader.u8();
    const std::uint8_t type = reader.u8();
    const Offset start = fixed(stream, "\x03\0"sv, 6);
    if (!start)
        return start;
    if (type != connection_request || size < 11 || size != header + 5)
        return foreign;
    return stream.size() < size ? Offset(incomplete) : Offset(size);
}

}  // namespace

std::expected<std::size_t, Problem> hello_offset(Bytes stream, std::size_t& settled) {
    if (stream.empty())
        return incomplete;
    switch (stream[0]) {
        case 0x00:
            return behind_postgresql(stream);
        case 0x03:
            return behind_rdp(stream);
        case 0x20:
            return behind_mysql(stream);
        case 0x30:
            if (const Offset ldap = behind_ldap(stream); ldap || ldap.error() != Problem::foreign)
                return ldap;
            return behind_commands(stream, settled);
        default:
            return behind_commands(stream, settled);
    }
}

}  // namespace octroi::starttls
