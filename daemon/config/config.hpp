#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/event_settings.hpp"
#include "daemon/engine/observe.hpp"
#include "daemon/firewall/backend.hpp"
#include "daemon/firewall/netfilter_rules.hpp"
#include "daemon/kernel/mark.hpp"
#include "rules/text/diagnostic.hpp"

namespace octroi {

/// What happens to packets when no daemon listens or the queue is full.
enum class OnFailure : std::uint8_t {
    closed,  ///< dropped
    open     ///< passed uninspected
};

/// The settings of one gateway: octroi.yaml. Paths are absolute or relative to the working
/// directory.
struct Config {
    std::string file;                      ///< where it was read; empty: built-in defaults
    std::optional<std::string> policy;     ///< nothing: the shipped default policy
    std::optional<std::string> catalogue;  ///< folder that adds to the shipped catalogue
    std::uint16_t first_queue = 0;
    std::uint16_t queue_count = 1;
    std::uint32_t queue_length = 8192;
    MarkLayout mark;
    OnFailure on_failure = OnFailure::closed;
    std::optional<Backend> backend;  ///< nothing: what the kernel can do
    std::vector<netfilter::Hook> hooks = {netfilter::Hook::forward};
    Observe observe = Observe::full;
    std::size_t flow_limit = 65536;
    std::size_t buffer_limit = 64UL * 1024 * 1024;
    std::string metrics_address = "127.0.0.1";
    std::uint16_t metrics_port = 9477;
    std::optional<std::string> token_file;  ///< of the secret that readers must send
    std::optional<EventSettings> events;    ///< nothing: none are written
};

/// Where the daemon serves its metrics and status: "http://127.0.0.1:9477".
[[nodiscard]] std::string base_url(const Config& config);

/// What the kernel's rules take from the configuration.
[[nodiscard]] netfilter::Settings netfilter_settings(const Config& config);

/// The service's state folder ($STATE_DIRECTORY, systemd.exec(5)), where the daemon notes how many
/// packets met its queue rule; empty where the environment names none, and where nothing passes
/// without octroi. Call it before there are threads.
[[nodiscard]] std::string state_folder(const Config& config);

/// Reads `path`; without one, the installed configuration where there is one, else built-in
/// defaults.
[[nodiscard]] std::expected<Config, std::vector<Finding>> load_config(
    const std::optional<std::string>& path);

}  // namespace octroi
