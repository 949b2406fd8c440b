#include "metrics/flow_record.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace octroi {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(std::string_view text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

void add_source(Json& json, const Endpoint& source) {
    json["src_ip"] = to_string(source.address);
    json["src_port"] = source.port;
}

void add_destination(Json& json, const Endpoint& destination, Protocol protocol) {
    json["dest_ip"] = to_string(destination.address);
    json["dest_port"] = destination.port;
    json["proto"] = protocol_name(protocol);
}

Json evidence_json(const std::vector<Evidence>& evidence) {
    Json list = Json::array();
    for (const Evidence& item : evidence)
        list.push_back(
            {{"kind", to_string(item.kind)}, {"value", item.value}, {"packet", item.packet}});
    return list;
}

void add_verdict(Json& json, const FlowRecord& record) {
    json["packets"] = record.packets;
    json["service"] = text_or_null(record.service);
    json["category"] = text_or_null(record.category);
    json["strength"] = to_string(record.strength);
    json["protocol"] = text_or_null(record.speaks);
    json["application"] = text_or_null(record.application);
    json["server_name"] = text_or_null(record.server_name);
    if (!record.ja4.empty())
        json["ja4"] = record.ja4;
    if (!record.ech.empty())
        json["ech"] = record.ech;
    json["action"] = to_string(record.action);
    json["would"] = to_string(record.would);
    json["rule"] = text_or_null(record.rule);
    if (record.exception)
        json["exception"] = exception_names[static_cast<std::size_t>(*record.exception)];
    json["decided_at_packet"] = record.decided_at_packet;
    json["evidence"] = evidence_json(record.evidence);
}

std::string line(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string timestamp(Time time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), micros.count());
}

}  // namespace

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
    return record.action != Action::accept || record.would != Action::accept || record.log;
}

std::string to_json_line(const FlowRecord& record) {
    Json json;
    add_source(json, record.source);
    add_destination(json, record.destination, record.protocol);
    add_verdict(json, record);
    return line(json);
}

std::string to_event_line(const FlowRecord& record, ClientPrivacy privacy) {
    Json json;
    json["timestamp"] = timestamp(record.time);
    json["event_type"] = "decision";
    // In events the client is the source, whoever sent the first packet.
    const Endpoint& client = record.client_first ? record.source : record.destination;
    const Endpoint& server = record.client_first ? record.destination : record.source;
    if (privacy == ClientPrivacy::full)
        add_source(json, client);
    json["zone"] = text_or_null(record.zone);
    add_destination(json, server, record.protocol);
    add_verdict(json, record);
    json["mode"] = record.action == record.would ? "enforce" : "monitor";
    json["reason"] = text_or_null(record.reason);
    json["rule_line"] = record.rule_line;
    return line(json);
}

}  // namespace octroi
