#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "metrics/events/event.hpp"
#include "metrics/events/event_format.hpp"
#include "metrics/events/event_log.hpp"
#include "metrics/events/file_sink.hpp"
#include "rules/text/schema.hpp"

namespace octroi {

/// `events` of octroi.yaml. Paths are absolute or relative to the working directory.
struct EventSettings {
    std::optional<FileSink::Settings> file;
    bool journald = false;
    bool standard_output = false;
    std::optional<std::string> socket;  ///< a path that somebody else listens at
    EventFormat::Settings format;
    FlowEvents flows = FlowEvents::none;
    std::chrono::seconds fold{10};  ///< window in which repeats become one; 0: none
};

/// The machine's own, by which events and the status call it unless they are told another.
[[nodiscard]] std::string host_name();

/// Reads the map; relative paths start at `folder`.
[[nodiscard]] EventSettings read_event_settings(Report& report, const yaml::Node& node,
                                                const std::filesystem::path& folder);

/// The sinks that the settings name. The error is what to tell the administrator.
[[nodiscard]] std::expected<std::vector<EventLog::Sink>, std::string> open_sinks(
    const EventSettings& settings);

}  // namespace octroi
