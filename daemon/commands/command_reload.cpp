#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemon/commands/commands.hpp"
#include "daemon/commands/http_client.hpp"
#include "daemon/config/config.hpp"
#include "daemon/config/token_file.hpp"
#include "daemon/gateway/ruleset_loader.hpp"
#include "daemon/gateway/status.hpp"

namespace octroi {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds reload_patience{60};
constexpr std::chrono::milliseconds reload_poll{20};

// What the daemon says of itself and its reloads.
struct Reloads {
    pid_t process = 0;
    std::uint64_t count = 0;
    bool last_successful = false;
};

std::expected<Reloads, std::string> reloads_of(const Config& config) {
    const auto token = read_token(config.token_file);
    if (!token)
        return std::unexpected(token.error());
    const auto text = http_get(fmt::format("{}{}", base_url(config), status_path), *token);
    if (!text)
        return std::unexpected(
            fmt::format("the daemon's status can't be read, so its reloads can't be followed: {}",
                        text.error()));
    try {
        const auto status = nlohmann::json::parse(*text);
        const auto& health = status.at("health");
        return Reloads{.process = status.at("process").get<pid_t>(),
                       .count = health.at("reloads").get<std::uint64_t>(),
                       .last_successful = health.at("last_reload_successful").get<bool>()};
    } catch (const nlohmann::json::exception& error) {
        return std::unexpected(fmt::format("{} does not give the status of an octroi: {}",
                                           base_url(config), error.what()));
    }
}

ExitCode reload_failed(const std::string& why) {
    fmt::print(stderr, "octroi: {}\n", why);
    return ExitCode::failed;
}

}  // namespace

ExitCode execute(const ReloadCommand& command) {
    const auto config = load_config(command.config);
    if (!config) {
        fmt::print(stderr, "{}", render_all(config.error()));
        return ExitCode::failed;
    }
    const auto before = reloads_of(*config);
    if (!before)
        return reload_failed(before.error());
    // SIGHUP ends most other programs, among them octroi's own verbs.
    if (command.process && *command.process != before->process)
        return reload_failed(
            fmt::format("process {} is not the daemon that answers at {}: that is process {}",
                        *command.process, base_url(*config), before->process));
    if (kill(before->process, SIGHUP) != 0)
        return reload_failed(
            fmt::format("process {}: {}", before->process, std::generic_category().message(errno)));
    const auto deadline = steady_clock::now() + reload_patience;
    auto after = before;
    while (after && after->count == before->count) {
        if (steady_clock::now() > deadline)
            return reload_failed(fmt::format("no reload within {} s: see the daemon's log",
                                             reload_patience.count()));
        std::this_thread::sleep_for(reload_poll);
        after = reloads_of(*config);
    }
    if (!after)
        return reload_failed(after.error());
    if (!after->last_successful) {
        fmt::print(stderr,
                   "octroi: refused, the policy in force stays; the daemon's log says why "
                   "(journalctl -u octroi)\n");
        return ExitCode::findings;
    }
    fmt::print(stderr, "octroi: reloaded\n");
    return ExitCode::ok;
}

}  // namespace octroi
