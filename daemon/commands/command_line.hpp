#pragma once

#include <expected>

#include "daemon/commands/commands.hpp"

namespace octroi {

/// The command of an argument vector. Help and usage errors are printed here; the error is then the
/// exit code.
[[nodiscard]] std::expected<Command, ExitCode> parse_command_line(int argc,
                                                                  const char* const* argv);

}  // namespace octroi
