#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/net/packet.hpp"

namespace octroi::dns {

/// The port of DNS (RFC 1035 4.2).
inline constexpr std::uint16_t port = 53;

/// Octets of the header (RFC 1035 4.1.1).
inline constexpr std::size_t header_size = 12;

// NOLINTNEXTLINE(performance-enum-size): TYPE has 16 bits (RFC 1035 3.2.2)
enum RecordType : std::uint16_t { a = 1, cname = 5, aaaa = 28, opt = 41, svcb = 64, https = 65 };

inline constexpr std::uint16_t class_internet = 1;

/// Records of a message that are looked at; what comes behind them is let be.
inline constexpr std::size_t max_records = 64;

/// The header and the one question of a query or response.
struct Preamble {
    bool response = false;
    unsigned code = 0;             ///< RCODE (RFC 1035 4.1.1)
    std::string name;              ///< asked for, lower case
    std::uint16_t records = 0;     ///< of all three sections after the question, as announced
    std::uint16_t answers = 0;     ///< of the answer section, as announced
    std::size_t question_end = 0;  ///< where the first record starts
};

enum class Problem : std::uint8_t {
    not_an_answer,  ///< a query, an error, or another kind of message
    malformed
};

/// Reads the header and the question of a standard query or its response with one question.
[[nodiscard]] std::expected<Preamble, Problem> read_preamble(Bytes message);

/// One resource record (RFC 1035 4.1.3); its data lies at `data_start` of the message.
struct Record {
    std::uint16_t type = 0;
    std::uint16_t record_class = 0;
    std::uint32_t ttl = 0;  ///< seconds
    std::size_t data_start = 0;
    std::size_t data_size = 0;

    [[nodiscard]] std::size_t end() const { return data_start + data_size; }
};

/// Reads the record at `offset`; the next one is at its end().
[[nodiscard]] std::optional<Record> read_record(Bytes message, std::size_t offset);

/// A domain name in lower case without its final dot, and the offset behind it where it stands.
struct Name {
    std::string text;
    std::size_t end = 0;
};

/// Reads the name at `offset`, through compression pointers that strictly go back, behind the
/// header (RFC 1035 4.1.4).
[[nodiscard]] std::optional<Name> read_name(Bytes message, std::size_t offset);

/// Whether the octets are a standard query or its response, and nothing behind it: as many records
/// as the header says (64 at most).
[[nodiscard]] bool is_whole(Bytes message);

/// The DNS messages that a packet from or to port 53 carries whole: the datagram, or the
/// length-prefixed messages of a TCP segment (RFC 1035 4.2.2), which must start at its start. A
/// last one that ends in a later segment is given as far as it goes.
[[nodiscard]] std::vector<Bytes> messages_in(const Packet& packet);

}  // namespace octroi::dns
