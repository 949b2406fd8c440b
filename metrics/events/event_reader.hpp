#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <absl/time/time.h>

#include "classifiers/net/flow_key.hpp"
#include "rules/text/json.hpp"

namespace octroi {

/// One line of a file of events (docs/events.md), read: what to_json_line() and its like wrote.
class RecordedEvent {
  public:
    /// Nothing where the line is no JSON.
    [[nodiscard]] static std::optional<RecordedEvent> read(std::string_view line);

    /// The text or the number at `key`, as it is written; empty where there is none, or null.
    [[nodiscard]] std::string_view text(std::string_view key) const { return text_in(value_, key); }

    /// 0 where there is no such number.
    [[nodiscard]] std::uint64_t number(std::string_view key) const {
        return number_in(value_, key);
    }

    [[nodiscard]] bool has(std::string_view key) const { return value_.find(key) != nullptr; }

    /// `event_type`; empty in files of before events had types.
    [[nodiscard]] std::string_view type() const { return text("event_type"); }

    [[nodiscard]] std::optional<absl::Time> time() const;

    /// Nothing where the address is not told, or is a pseudonym.
    [[nodiscard]] std::optional<Endpoint> client() const { return endpoint("src_ip", "src_port"); }

    [[nodiscard]] std::optional<Endpoint> server() const {
        return endpoint("dest_ip", "dest_port");
    }

    /// What an ended flow carried, of "bytes_toserver" and its like; 0 where it is not told.
    [[nodiscard]] std::uint64_t carried(std::string_view key) const;

    /// Of the evidence that decided; empty where none is told.
    [[nodiscard]] std::string_view evidence_kind() const;

  private:
    explicit RecordedEvent(json::Value value) : value_(std::move(value)) {}

    [[nodiscard]] static std::string_view text_in(const json::Value& object, std::string_view key);
    [[nodiscard]] static std::uint64_t number_in(const json::Value& object, std::string_view key);
    [[nodiscard]] std::optional<Endpoint> endpoint(std::string_view address,
                                                   std::string_view port) const;

    json::Value value_;
};

}  // namespace octroi
