#include "daemon/rules_program.hpp"

#include <fmt/format.h>

#include "daemon/subprocess.hpp"

namespace octroi {
namespace {

// PATH has no sbin in cron's jobs and behind plain su.
std::expected<Finished, std::string> run_also_in_sbin(std::vector<std::string> arguments,
                                                      const std::string& input) {
    auto finished = run_program(arguments, input);
    if (finished)
        return finished;
    arguments[0] = "/usr/sbin/" + arguments[0];
    auto in_sbin = run_program(arguments, input);
    return in_sbin ? in_sbin : finished;
}

}  // namespace

std::expected<std::string, std::string> run_rules_program(const std::vector<std::string>& arguments,
                                                          const std::string& input) {
    const auto finished = run_also_in_sbin(arguments, input);
    if (!finished)
        return std::unexpected(fmt::format("{} (Debian package {})", finished.error(),
                                           arguments[0] == "nft" ? "nftables" : "iptables"));
    if (finished->exit_code != 0)
        return std::unexpected(fmt::format("{} failed: {}", arguments[0], finished->errors));
    return finished->output;
}

bool has_rules_program(const std::string& name) {
    return run_also_in_sbin({name, "--version"}, {}).has_value();
}

}  // namespace octroi
