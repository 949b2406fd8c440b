#include "metrics/events/flow_json.hpp"

namespace octroi {
namespace {

Json evidence_json(const std::vector<Evidence>& evidence) {
    Json list = Json::array();
    for (const Evidence& item : evidence)
        list.push_back(
            {{"kind", to_string(item.kind)}, {"value", item.value}, {"packet", item.packet}});
    return list;
}

}  // namespace

Json text_or_null(std::string_view text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

void add_endpoint(Json& json, const std::string& side, const Endpoint& endpoint) {
    json[side + "_ip"] = to_string(endpoint.address);
    json[side + "_port"] = endpoint.port;
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
        json["exception"] = to_string(*record.exception);
    if (!record.unreadable.empty())
        json["unreadable"] = record.unreadable;
    json["decided_at_packet"] = record.decided_at_packet;
    json["evidence"] = evidence_json(record.evidence);
}

std::string line_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace octroi
