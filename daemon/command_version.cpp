#include <fmt/format.h>

#include "daemon/commands.hpp"
#include "daemon/version.hpp"

namespace octroi {

ExitCode execute(const VersionCommand& /*command*/) {
    fmt::print("octroi {} ({})\n", version, compiler);
    return ExitCode::ok;
}

}  // namespace octroi
