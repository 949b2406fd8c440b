#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "classifiers/net/flow_key.hpp"
#include "classifiers/net/packet.hpp"

/// Packets and TLS messages written field by field, for tests. Checksums are left 0: octroi never
/// looks at them.
namespace octroi::wire {

using Buffer = std::vector<std::uint8_t>;

/// Appends fields in network order: one call a field, in the order of the wire.
class Fields {
  public:
    Fields& u8(std::size_t value) { return big_endian(value, 1); }

    Fields& u16(std::size_t value) { return big_endian(value, 2); }

    Fields& u24(std::size_t value) { return big_endian(value, 3); }

    Fields& u32(std::size_t value) { return big_endian(value, 4); }

    Fields& bytes(Bytes bytes) {
        buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
        return *this;
    }

    Fields& text(std::string_view text) {
        buffer_.insert(buffer_.end(), text.begin(), text.end());
        return *this;
    }

    Fields& fill(std::size_t count, std::uint8_t value = 0) {
        buffer_.insert(buffer_.end(), count, value);
        return *this;
    }

    /// Each writes the length of `inner` in so many octets, then `inner`.
    Fields& vector8(const Buffer& inner) { return u8(inner.size()).bytes(inner); }

    Fields& vector16(const Buffer& inner) { return u16(inner.size()).bytes(inner); }

    Fields& vector24(const Buffer& inner) { return u24(inner.size()).bytes(inner); }

    [[nodiscard]] Buffer take() { return std::move(buffer_); }

  private:
    Fields& big_endian(std::size_t value, unsigned width) {
        while (width-- > 0)
            buffer_.push_back(static_cast<std::uint8_t>(value >> (8U * width)));
        return *this;
    }

    Buffer buffer_;
};

[[nodiscard]] inline Buffer text(std::string_view text) {
    return {text.begin(), text.end()};
}

[[nodiscard]] inline std::string text(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}

[[nodiscard]] inline Buffer join(Bytes one, Bytes other) {
    return Fields().bytes(one).bytes(other).take();
}

[[nodiscard]] inline Address address(std::string_view text) {
    return parse_address(text).value();
}

[[nodiscard]] inline Endpoint endpoint(std::string_view text, std::uint16_t port) {
    return {.address = address(text), .port = port};
}

// RFC 791 3.1
struct Ipv4 {
    Address source = address("10.0.0.1");
    Address destination = address("192.0.2.1");
    std::size_t protocol = 6;
    Buffer options = {};                           ///< a multiple of 4 octets
    std::size_t fragment = 0;                      ///< flags and offset
    std::optional<std::size_t> total_length = {};  ///< nothing: the true one
};

[[nodiscard]] inline Buffer ipv4(const Ipv4& header, Bytes payload) {
    const std::size_t words = 5 + header.options.size() / 4;
    const std::size_t length = words * 4 + payload.size();
    return Fields()
        .u8(0x40 | words)                                // version, header length
        .u8(0)                                           // DSCP, ECN
        .u16(header.total_length.value_or(length))       // total length
        .u16(0x1111)                                     // identification
        .u16(header.fragment)                            // flags, fragment offset
        .u8(64)                                          // time to live
        .u8(header.protocol)                             // protocol
        .u16(0)                                          // header checksum
        .bytes(Bytes(header.source.bytes).last(4))       // source
        .bytes(Bytes(header.destination.bytes).last(4))  // destination
        .bytes(header.options)
        .bytes(payload)
        .take();
}

// RFC 8200 3
struct Ipv6 {
    Address source = address("2001:db8::1");
    Address destination = address("2001:db8:ffff::1");
    std::size_t next_header = 6;
};

[[nodiscard]] inline Buffer ipv6(const Ipv6& header, Bytes payload) {
    return Fields()
        .u32(0x60000000)         // version, traffic class, flow label
        .u16(payload.size())     // payload length
        .u8(header.next_header)  // next header
        .u8(64)                  // hop limit
        .bytes(header.source.bytes)
        .bytes(header.destination.bytes)
        .bytes(payload)
        .take();
}

// RFC 9293 3.1
inline constexpr std::size_t fin = 0x01;
inline constexpr std::size_t syn = 0x02;
inline constexpr std::size_t rst = 0x04;
inline constexpr std::size_t ack = 0x10;
inline constexpr std::size_t urg = 0x20;

struct Tcp {
    std::size_t source = 50000;
    std::size_t destination = 443;
    std::uint32_t sequence = 0;
    std::size_t flags = ack;
    std::uint32_t acknowledgement = 0;
    Buffer options = {};  ///< a multiple of 4 octets
    std::size_t urgent = 0;
};

[[nodiscard]] inline Buffer tcp(const Tcp& header, Bytes payload = {}) {
    return Fields()
        .u16(header.source)
        .u16(header.destination)
        .u32(header.sequence)
        .u32(header.acknowledgement)                // acknowledgement
        .u8((5 + header.options.size() / 4) << 4U)  // header length
        .u8(header.flags)                           // flags
        .u16(65535)                                 // window
        .u16(0)                                     // checksum
        .u16(header.urgent)                         // urgent pointer
        .bytes(header.options)
        .bytes(payload)
        .take();
}

// RFC 768
[[nodiscard]] inline Buffer udp(std::size_t source, std::size_t destination, Bytes payload) {
    return Fields()
        .u16(source)
        .u16(destination)
        .u16(8 + payload.size())  // length
        .u16(0)                   // checksum
        .bytes(payload)
        .take();
}

// RFC 792, RFC 4443
[[nodiscard]] inline Buffer icmp(std::size_t type, std::size_t identifier, Bytes payload = {}) {
    return Fields()
        .u8(type)
        .u8(0)            // code
        .u16(0)           // checksum
        .u16(identifier)  // identifier, or unused
        .u16(1)           // sequence number, or unused
        .bytes(payload)
        .take();
}

/// A segment in an IP packet of its endpoints' family.
[[nodiscard]] inline Buffer ip(const Endpoint& from, const Endpoint& to, std::size_t protocol,
                               Bytes payload) {
    if (from.address.is_v4())
        return ipv4({.source = from.address, .destination = to.address, .protocol = protocol},
                    payload);
    return ipv6({.source = from.address, .destination = to.address, .next_header = protocol},
                payload);
}

/// The packets of one TCP connection. Offsets count the octets of a stream from 0.
struct Connection {
    Endpoint client = endpoint("10.0.0.1", 50000);
    Endpoint server = endpoint("198.51.100.1", 443);
    std::uint32_t client_start = 1000;  ///< the SYN's sequence number
    std::uint32_t server_start = 9000;  ///< the SYN-ACK's

    [[nodiscard]] Buffer syn(Bytes data = {}) const {
        return segment(client, server, client_start, wire::syn, data);
    }

    /// `taken`: octets of data in the SYN that the server acknowledges (RFC 7413 4.2).
    [[nodiscard]] Buffer syn_ack(std::uint32_t taken = 0) const {
        return segment(server, client, server_start, wire::syn | wire::ack, {},
                       client_start + 1 + taken);
    }

    /// The server has so many octets of the client's stream.
    [[nodiscard]] Buffer acknowledge(std::size_t octets) const {
        return segment(server, client, server_start + 1, wire::ack, {},
                       client_start + 1 + static_cast<std::uint32_t>(octets));
    }

    [[nodiscard]] Buffer from_client(std::size_t offset, Bytes data) const {
        return segment(client, server, client_start + 1 + static_cast<std::uint32_t>(offset),
                       wire::ack, data);
    }

    [[nodiscard]] Buffer from_server(std::size_t offset, Bytes data) const {
        return segment(server, client, server_start + 1 + static_cast<std::uint32_t>(offset),
                       wire::ack, data);
    }

  private:
    static Buffer segment(const Endpoint& from, const Endpoint& to, std::uint32_t sequence,
                          std::size_t flags, Bytes data, std::uint32_t acknowledgement = 0) {
        const Tcp header{.source = from.port,
                         .destination = to.port,
                         .sequence = sequence,
                         .flags = flags,
                         .acknowledgement = acknowledgement};
        return ip(from, to, 6, tcp(header, data));
    }
};

/// What a ClientHello of a test holds (RFC 8446 4.1.2).
struct Hello {
    std::string server_name = "us05web.zoom.us";  ///< empty: no server_name extension
    std::string alpn = {};                        ///< empty: no ALPN extension
    bool encrypted_client_hello = false;
    std::size_t padding = 0;  ///< octets in a padding extension (RFC 7685); 0: no such extension
};

[[nodiscard]] inline Buffer extension(std::size_t type, const Buffer& content) {
    return Fields().u16(type).vector16(content).take();
}

// RFC 6066 3
[[nodiscard]] inline Buffer server_name_extension(std::string_view name) {
    const Buffer entry = Fields().u8(0).vector16(text(name)).take();  // host_name
    return extension(0, Fields().vector16(entry).take());
}

// RFC 7301 3.1
[[nodiscard]] inline Buffer alpn_extension(std::string_view protocol) {
    return extension(16, Fields().vector16(Fields().vector8(text(protocol)).take()).take());
}

/// The message around ready extensions.
[[nodiscard]] inline Buffer client_hello_with(const Buffer& extensions) {
    const Buffer body = Fields()
                            .u16(0x0303)                            // legacy_version
                            .fill(32, 0xaa)                         // random
                            .vector8(Buffer(32, 0xbb))              // legacy_session_id
                            .vector16(Fields().u16(0x1301).take())  // cipher_suites
                            .vector8({0})                           // compression: null
                            .vector16(extensions)                   // extensions
                            .take();
    return Fields().u8(1).vector24(body).take();  // client_hello
}

[[nodiscard]] inline Buffer client_hello(const Hello& hello) {
    Fields extensions;
    extensions.bytes(extension(0x0a0a, {}));  // GREASE (RFC 8701)
    if (hello.padding != 0)
        extensions.bytes(extension(21, Buffer(hello.padding)));
    if (!hello.server_name.empty())
        extensions.bytes(server_name_extension(hello.server_name));
    if (!hello.alpn.empty())
        extensions.bytes(alpn_extension(hello.alpn));
    if (hello.encrypted_client_hello)
        extensions.bytes(extension(0xfe0d, Buffer(144, 0xcc)));
    return client_hello_with(extensions.take());
}

/// A handshake message in TLS records of at most `size` octets (RFC 8446 5.1).
[[nodiscard]] inline Buffer in_records(Bytes message, std::size_t size = 16384) {
    Fields stream;
    while (!message.empty()) {
        const Bytes fragment = message.first(std::min(size, message.size()));
        stream
            .u8(22)                // handshake
            .u16(0x0301)           // legacy_record_version
            .u16(fragment.size())  // length
            .bytes(fragment);
        message = message.subspan(fragment.size());
    }
    return stream.take();
}

/// The client's stream of a connection to `name`.
[[nodiscard]] inline Buffer client_stream(std::string_view name = "us05web.zoom.us") {
    return in_records(client_hello({.server_name = std::string(name)}));
}

}  // namespace octroi::wire
