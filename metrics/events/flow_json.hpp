#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "metrics/events/flow_record.hpp"

namespace octroi {

/// Fields in the order in which they are added.
using Json = nlohmann::ordered_json;

/// What is not known is null, not an empty text.
[[nodiscard]] Json text_or_null(std::string_view text);

/// An address and a port as `src_ip` and `src_port`, or `dest_ip` and `dest_port`.
void add_endpoint(Json& json, const std::string& side, const Endpoint& endpoint);

/// What was seen of the flow and what became of it, without its ends.
void add_verdict(Json& json, const FlowRecord& record);

/// The object on one line. Text that is not UTF-8 is replaced.
[[nodiscard]] std::string line_of(const Json& json);

}  // namespace octroi
