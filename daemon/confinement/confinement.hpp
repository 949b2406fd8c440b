#pragma once

#include <expected>
#include <string>

#include "daemon/config/config.hpp"

namespace octroi {

/// What the daemon gives up for good, in three steps (docs/decisions/0015). The errors are what to
/// tell the administrator.

/// Before there is another thread: every capability but CAP_NET_ADMIN, and every file but those
/// that the program, iptables and this configuration need.
[[nodiscard]] std::expected<void, std::string> confine_files_and_capabilities(const Config& config);

/// Once everything is open, before the workers start: the system calls that a running daemon does
/// not make, for all threads.
[[nodiscard]] std::expected<void, std::string> confine_calls();

/// In a worker, before its first packet: all but a few calls. Ends the process where that fails,
/// which the filter of all threads has shown to work.
void confine_worker_calls();

}  // namespace octroi
