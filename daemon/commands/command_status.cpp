#include <algorithm>
#include <string_view>

#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/commands/commands.hpp"
#include "daemon/commands/http_client.hpp"
#include "daemon/commands/status_text.hpp"
#include "daemon/config/config.hpp"
#include "daemon/config/token_file.hpp"
#include "daemon/gateway/ruleset_loader.hpp"
#include "daemon/gateway/status.hpp"

namespace octroi {
namespace {

constexpr absl::Duration watch_interval = absl::Seconds(2);
constexpr absl::Duration busy_interval = absl::Milliseconds(200);

// Where the daemon is asked, and with which secret.
struct Place {
    std::string url;
    std::optional<std::string> token;
};

std::expected<Place, std::string> place_of(const StatusCommand& command) {
    Place place{.url = command.url.value_or("")};
    auto token_file = command.token_file;
    if (!command.url) {
        const auto config = load_config(command.config);
        if (!config)
            return std::unexpected(render_all(config.error()));
        place.url = base_url(*config);
        if (!token_file)
            token_file = config->token_file;
    }
    place.url += status_path;
    auto token = read_token(token_file);
    if (!token)
        return std::unexpected(fmt::format("octroi: {}\n", token.error()));
    place.token = std::move(*token);
    return place;
}

std::expected<StatusText, std::string> look(const StatusCommand& command, const Place& place) {
    auto body = http_get(place.url, place.token);
    if (!body)
        return std::unexpected(std::move(body.error()));
    if (command.json)
        return StatusText{.text = std::move(*body)};
    auto text = status_text(*body, {.rules = command.rules, .unused = command.unused});
    return text ? std::move(text) : std::unexpected(fmt::format("{}: {}", place.url, text.error()));
}

// Over what stood there, line by line and no more than the screen holds, so that nothing flickers
// or scrolls.
void redraw(std::string_view text) {
    winsize screen{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &screen) != 0 || screen.ws_row < 2 || screen.ws_col == 0)
        screen = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    fmt::print("\033[H");
    for (unsigned row = 1; row < screen.ws_row && !text.empty(); ++row) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        fmt::print("{}\033[K\n", text.substr(0, std::min<std::size_t>(end, screen.ws_col)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    fmt::print("\033[J");
}

}  // namespace

ExitCode execute(const StatusCommand& command) {
    const auto place = place_of(command);
    if (!place) {
        fmt::print(stderr, "{}", place.error());
        return ExitCode::failed;
    }
    const bool drawn = command.watch && !command.json && isatty(STDOUT_FILENO) != 0;
    while (true) {
        const auto status = look(command, *place);
        if (!status) {
            fmt::print(stderr, "octroi: {}. Does `octroi run` run there?\n", status.error());
            return ExitCode::unreachable;
        }
        if (drawn)
            redraw(status->text);
        else
            fmt::print("{}", status->text);
        static_cast<void>(std::fflush(stdout));
        if (!command.watch)
            return ExitCode::ok;
        absl::SleepFor(status->busy ? busy_interval : watch_interval);
    }
}

}  // namespace octroi
