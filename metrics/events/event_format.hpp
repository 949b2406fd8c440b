#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "metrics/events/event.hpp"
#include "metrics/events/pseudonyms.hpp"

namespace octroi {

/// How much an event tells about a client: its address and port; a name that holds for a week; its
/// zone alone.
enum class ClientPrivacy : std::uint8_t { full, pseudonym, zone };

/// Events as JSON lines (docs/events.md, docs/schema/event.schema.json). For one thread.
class EventFormat {
  public:
    struct Settings {
        ClientPrivacy clients = ClientPrivacy::pseudonym;
        std::string gateway;  ///< the name that events carry
        Pseudonyms::Settings pseudonyms;
    };

    /// Makes the names and numbers that hold until the end: of this run, and of its flows. The
    /// error is what to tell the administrator.
    [[nodiscard]] static std::expected<EventFormat, std::string> open(Settings settings);

    /// The event, number `sequence` of this run, as one line without its end.
    [[nodiscard]] std::string line(const Event& event, std::uint64_t sequence);

  private:
    EventFormat(Settings settings, std::optional<Pseudonyms> pseudonyms);

    Settings settings_;
    std::optional<Pseudonyms> pseudonyms_;
    KeyedHash flow_ids_;
    std::string boot_;
};

}  // namespace octroi
