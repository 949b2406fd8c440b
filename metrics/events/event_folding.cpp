#include "metrics/events/event_folding.hpp"

#include <fmt/format.h>

namespace octroi {
namespace {

// What two events must have in common to be one.
std::string key_of(const FlowRecord& record) {
    const Endpoint& client = record.client();
    const Endpoint& server = record.server();
    std::string key;
    for (const Address& address : {client.address, server.address})
        key.append(address.bytes.begin(), address.bytes.end());
    key += fmt::format("{} {} {} {} {}", server.port, static_cast<unsigned>(record.protocol),
                       static_cast<unsigned>(record.action), static_cast<unsigned>(record.would),
                       record.exception ? static_cast<int>(*record.exception) : -1);
    for (const std::string& text :
         {record.zone, record.service, record.server_name, record.rule, record.policy_revision}) {
        key += '\0';
        key += text;
    }
    return key;
}

}  // namespace

void EventFolding::take(const Event& event, Clock::time_point now) {
    const auto* record = std::get_if<FlowRecord>(&event);
    if (record == nullptr || window_.count() == 0)
        return write_(event);
    const std::string key = key_of(*record);
    if (const auto found = held_.find(key); found != held_.end()) {
        found->second.newest = FlowRecord(*record);  // all of it, or there is no memory
        found->second.count += 1 + record->suppressed;
        return;
    }
    if (held_.size() < capacity) {
        windows_.push_back({.end = now + window_, .key = key});
        held_.try_emplace(key);
    }
    write_(event);
}

void EventFolding::flush(Clock::time_point now) {
    while (!windows_.empty() && windows_.front().end <= now)
        close_oldest();
}

void EventFolding::flush_all() {
    while (!windows_.empty())
        close_oldest();
}

void EventFolding::close_oldest() {
    auto held = held_.extract(windows_.front().key);
    windows_.pop_front();
    if (held.empty() || held.mapped().count == 0)  // empty: there was no memory to hold it
        return;
    held.mapped().newest.suppressed = held.mapped().count - 1;
    write_(Event(std::move(held.mapped().newest)));
}

}  // namespace octroi
