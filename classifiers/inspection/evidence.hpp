#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace octroi {

/// Where a piece of knowledge about a flow comes from. The order is the metric's label order.
enum class EvidenceKind : std::uint8_t {
    address,
    port,
    dns,
    tls_sni,
    quic_sni,
    tls_certificate,
    http_host,
    stun,
    media,
    ndpi
};

/// One thing that was seen in a flow.
struct Evidence {
    EvidenceKind kind{};
    std::string value;         ///< a name, an address: text for people and logs
    std::uint32_t packet = 0;  ///< number of the flow's packet that showed it, from 1
};

/// What speaks in the flow, by octroi's own parsers; named as nDPI names its master protocols.
enum class Application : std::uint8_t { unknown, tls, quic, dns, http, stun, media };

[[nodiscard]] std::string_view to_string(EvidenceKind kind);
[[nodiscard]] std::string_view to_string(Application application);

}  // namespace octroi
