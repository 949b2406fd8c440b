#pragma once

#include <cstdint>
#include <span>

#include "classifiers/dns/dns_message.hpp"

namespace octroi::dns {

using MutableBytes = std::span<std::uint8_t>;

/// Turns a response into NXDOMAIN (RFC 1035 4.1.1) with its question alone. Its length stays, so
/// that TCP sequence numbers do: what follows the question becomes an OPT record with padding (RFC
/// 7830). No SOA, so nobody caches the refusal (RFC 2308 5).
void refuse_name(MutableBytes message, const Preamble& preamble);

/// Takes the ECH keys (SvcParamKey 5, RFC 9848) out of every HTTPS and SVCB record. The length
/// stays: a parameter for private use with zeros comes last in its place (RFC 9460 14.3.2). True
/// where there was one.
bool strip_ech(MutableBytes message, const Preamble& preamble);

/// Writes the TCP or UDP checksum of a packet whose payload was edited (RFC 9293 3.1, RFC 768, RFC
/// 8200 8.1). `segment` is the transport header and the payload; `packet` tells the addresses and
/// the protocol.
void write_checksum(MutableBytes segment, const Packet& packet);

}  // namespace octroi::dns
