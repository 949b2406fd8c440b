#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "metrics/events/flow_record.hpp"

namespace octroi {

enum class EventType : std::uint8_t { decision, flow, exception, policy, health };

inline constexpr std::array<std::string_view, 5> event_type_names = {
    "decision", "flow", "exception", "policy", "health"};

/// Which ended connections are events: those of a service, or every one.
enum class FlowEvents : std::uint8_t { none, services, all };

/// A connection that has ended, as the kernel counted it.
struct FlowEnd {
    struct Traffic {
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;  ///< of whole IP packets
    };

    Time time;
    Endpoint client;
    Endpoint server;
    Protocol protocol{};
    std::string zone;     ///< of the client; empty: in no zone
    std::string service;  ///< empty: none
    std::string category;
    Action action{};
    std::string policy_revision;
    Traffic to_server;
    Traffic to_client;
    std::optional<std::chrono::nanoseconds> duration;  ///< nothing where the kernel has no stamps
    bool server_inside = false;                        ///< as in FlowRecord
};

/// A packet that can't be read at all.
struct MalformedPacket {
    Time time;
    Action action{};
    std::string_view error;  ///< of the metric octroi_parser_errors_total
    std::string policy_revision;
    std::uint64_t suppressed = 0;  ///< how many more like it came since the last one told
};

/// What became of the policy in force.
struct PolicyEvent {
    enum class Kind : std::uint8_t { load, reload, refused, schedule };

    Time time;
    Kind kind{};
    std::string file;
    std::string revision;  ///< in force afterwards
    std::uint8_t generation = 0;
    std::size_t rules = 0;
    std::string error;  ///< why it was refused
};

/// Something that octroi's work depends on broke, or is sound again.
struct HealthEvent {
    Time time;
    std::string condition;  ///< as a reason of octroi_degraded, or "running"
    bool holds = false;     ///< whether the condition holds from now on
    std::string detail;
};

using Event = std::variant<FlowRecord, FlowEnd, MalformedPacket, PolicyEvent, HealthEvent>;

[[nodiscard]] EventType type_of(const Event& event);

}  // namespace octroi
