#include <fmt/format.h>

#include "daemon/commands/commands.hpp"
#include "daemon/version.hpp"

namespace octroi {

ExitCode execute(const VersionCommand& /*command*/) {
    fmt::print("octroi {} ({})\n", version, compiler);
    if (*sanitizers != '\0')
        fmt::print("instrumented with {}\n", sanitizers);
    return ExitCode::ok;
}

}  // namespace octroi
