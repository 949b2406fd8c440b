#pragma once

#include "rules/refresh/list_collector.hpp"
#include "rules/text/json.hpp"

namespace octroi {

/// Takes from one of the vendors' JSON lists what belongs to the service of `request`; with format
/// `automatic`, the format is told from the keys. Mistakes go to `collector`.
void read_json_list(const json::Value& root, const ListRequest& request, ListCollector& collector);

}  // namespace octroi
