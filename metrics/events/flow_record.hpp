#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "classifiers/inspection/evidence.hpp"
#include "classifiers/net/flow_key.hpp"
#include "classifiers/net/packet.hpp"
#include "rules/policy/policy.hpp"
#include "rules/services/strength.hpp"

namespace octroi {

/// What is told about one flow: a line of `octroi replay --json`, or an event. Owns its text.
struct FlowRecord {
    Time time;        ///< of the packet that decided, or of the newest one
    Endpoint source;  ///< the side that sent the first packet
    Endpoint destination;
    Protocol protocol{};
    std::uint32_t packets = 0;
    std::string zone;     ///< of the client; empty: in no zone
    std::string service;  ///< empty: none
    std::string category;
    Strength strength{};
    std::string speaks;       ///< protocol by own parsers, else nDPI: "TLS"; empty where unknown
    std::string application;  ///< by nDPI; empty where unknown
    std::string server_name;
    std::string ja4;         ///< fingerprint of the ClientHello; empty: none seen
    std::string ech;         ///< "offered": the extension alone, GREASE or real; "used": real
    std::string unreadable;  ///< why, where the exception is `unreadable`
    std::vector<Evidence> evidence;
    Action action{};
    Action would{};
    std::string rule;  ///< empty: no rule spoke
    std::string reason;
    std::string rule_file;
    std::size_t rule_line = 0;
    std::string policy_revision;
    bool log = false;          ///< a rule with `log: true` accepts it
    bool client_first = true;  ///< the source is the client, as policy sees it

    [[nodiscard]] const Endpoint& client() const { return client_first ? source : destination; }

    [[nodiscard]] const Endpoint& server() const { return client_first ? destination : source; }

    std::optional<Exception> exception;
    std::uint32_t decided_at_packet = 0;  ///< 0: never decided
    std::chrono::microseconds delay{};    ///< from the flow's first packet to its decision
    bool server_inside = false;    ///< the server is in a zone too: it may be somebody's machine
    std::uint64_t suppressed = 0;  ///< how many more like it this one stands for
};

/// Whether the flow is an event: refused, refused but for monitor mode, accepted by a rule with
/// `log: true`, or not to be read for certain.
[[nodiscard]] bool is_event(const FlowRecord& record);

/// One JSON object on one line, field names as in Suricata's EVE where it has one. Text from the
/// network that is not UTF-8 is replaced, so the line is always valid.
[[nodiscard]] std::string to_json_line(const FlowRecord& record);

/// "TCP", "UDP", "ICMP", "ICMPV6", else the IP protocol number.
[[nodiscard]] std::string protocol_name(Protocol protocol);

}  // namespace octroi
