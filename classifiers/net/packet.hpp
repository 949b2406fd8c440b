#pragma once

#include <cstdint>
#include <expected>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/base/time.hpp"
#include "classifiers/net/flow_key.hpp"

namespace octroi {

/// Octets of an ICMP error with its IP header and what it quotes, at most (RFC 1812 4.3.2.3, RFC
/// 4443 2.4).
inline constexpr std::size_t longest_icmp_error = 576;
inline constexpr std::size_t longest_icmpv6_error = 1280;

/// What the kernel or the capture says beside the bytes of a packet.
struct PacketContext {
    Time time;
    std::uint32_t input_interface = 0;   ///< ifindex; 0 where unknown
    std::uint32_t output_interface = 0;  ///< ifindex; 0 where unknown
    std::uint32_t mark = 0;              ///< netfilter mark as delivered
};

/// RFC 9293 3.1, the fields that stream reassembly needs.
struct TcpHeader {
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
    bool syn = false;
    bool ack = false;
    bool fin = false;
    bool rst = false;
    std::uint16_t urgent = 0;  ///< urgent pointer (RFC 9293 3.8.5); 0 where URG is not set
};

/// A view of one IP packet: it borrows the bytes it was decoded from.
struct Packet {
    PacketContext context;
    FlowKey key;
    Direction direction{};
    TcpHeader tcp;
    bool icmp_error = false;     ///< an ICMP message about another flow (RFC 4443 2.1, RFC 792)
    Bytes segment;               ///< the transport header and the payload
    Bytes payload;               ///< what follows the TCP, UDP or ICMP header
    std::uint32_t length = 0;    ///< octets of the whole IP packet
    std::uint8_t hop_limit = 0;  ///< or time to live

    [[nodiscard]] const Endpoint& source() const { return key.source(direction); }

    [[nodiscard]] const Endpoint& destination() const { return key.destination(direction); }

    [[nodiscard]] bool is_v4() const { return key.low().address.is_v4(); }
};

enum class DecodeError : std::uint8_t {
    truncated,         ///< a header does not fit in the bytes
    not_ip,            ///< the version is neither 4 nor 6
    bad_length,        ///< a length field contradicts another one
    later_fragment,    ///< a fragment without its transport header: defragmentation is off
    extension_headers  ///< more IPv6 extension headers than octroi follows
};

inline constexpr std::size_t decode_error_count = 5;

/// Decodes an IP packet that starts at its IP header (RFC 791, RFC 8200): extension headers, then
/// TCP, UDP or ICMP. Other protocols decode with port 0 and their payload. Bytes behind the IP
/// total length (Ethernet padding) are left out. No allocation, O(extension headers).
[[nodiscard]] std::expected<Packet, DecodeError> decode_packet(Bytes ip_packet,
                                                               const PacketContext& context);

}  // namespace octroi
