#include "metrics/events/flow_record.hpp"

#include "metrics/events/flow_json.hpp"

namespace octroi {

std::string protocol_name(Protocol protocol) {
    switch (protocol) {
        case Protocol::tcp:
            return "TCP";
        case Protocol::udp:
            return "UDP";
        case Protocol::icmp:
            return "ICMP";
        case Protocol::icmpv6:
            return "ICMPV6";
    }
    return std::to_string(static_cast<unsigned>(protocol));
}

bool is_event(const FlowRecord& record) {
    // No flow was made: told now and then, whatever became of its packet.
    if (record.exception == Exception::table_full && record.decided_at_packet == 0)
        return true;
    return record.action != Action::accept || record.would != Action::accept || record.log ||
           record.exception == Exception::ambiguous || record.exception == Exception::unreadable;
}

std::string to_json_line(const FlowRecord& record) {
    Json json;
    add_endpoint(json, "src", record.client());
    add_endpoint(json, "dest", record.server());
    json["proto"] = protocol_name(record.protocol);
    add_verdict(json, record);
    return line_of(json);
}

}  // namespace octroi
