#pragma once

#include <expected>
#include <string>

namespace octroi {

/// From here on the process, all its threads and the programs that it runs can make only the system
/// calls that a running daemon and iptables make: any other one ends the process with SIGSYS. New
/// sockets are netlink or local ones. What is open stays usable. The error is what to tell the
/// administrator.
[[nodiscard]] std::expected<void, std::string> filter_process_calls();

/// The calling thread alone can no longer open files, make sockets or processes, nor memory that is
/// executable: what is left are packets, verdicts, memory and waiting. A forbidden call ends the
/// process with SIGSYS. Nothing more can be forbidden for all threads afterwards.
[[nodiscard]] std::expected<void, std::string> filter_worker_calls();

}  // namespace octroi
