#pragma once

#include "metrics/events/stream_sink.hpp"

namespace octroi {

/// Connects to the system's journal: a line is an entry, its identifier `octroi-events`.
[[nodiscard]] SocketSink::Connection connect_to_journal();

}  // namespace octroi
