#include "metrics/events/event_reader.hpp"

#include <charconv>
#include <string>
#include <utility>

#include "classifiers/net/address.hpp"

namespace octroi {

std::optional<RecordedEvent> RecordedEvent::read(std::string_view line) {
    auto value = json::parse("event", line);
    if (!value)
        return std::nullopt;
    return RecordedEvent(std::move(*value));
}

std::string_view RecordedEvent::text_in(const json::Value& object, std::string_view key) {
    const json::Value* value = object.find(key);
    return value == nullptr || value->kind == json::Kind::null ? std::string_view() : value->text;
}

std::uint64_t RecordedEvent::number_in(const json::Value& object, std::string_view key) {
    const std::string_view text = text_in(object, key);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

std::optional<absl::Time> RecordedEvent::time() const {
    absl::Time time;
    std::string problem;
    if (!absl::ParseTime(absl::RFC3339_full, std::string(text("timestamp")), &time, &problem))
        return std::nullopt;
    return time;
}

std::optional<Endpoint> RecordedEvent::endpoint(std::string_view address,
                                                std::string_view port) const {
    const auto read = parse_address(text(address));
    if (!read)
        return std::nullopt;
    Endpoint endpoint{.address = *read};
    const std::string_view digits = text(port);
    std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
    return endpoint;
}

std::uint64_t RecordedEvent::carried(std::string_view key) const {
    const json::Value* flow = value_.find("flow");
    return flow == nullptr ? 0 : number_in(*flow, key);
}

std::string_view RecordedEvent::evidence_kind() const {
    const json::Value* evidence = value_.find("evidence");
    return evidence == nullptr || evidence->items.empty()
               ? std::string_view()
               : text_in(evidence->items.front(), "kind");
}

}  // namespace octroi
