#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <expected>
#include <new>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "daemon/commands/commands.hpp"
#include "daemon/config/config.hpp"
#include "daemon/config/config_files.hpp"
#include "daemon/confinement/confinement.hpp"
#include "daemon/gateway/gateway.hpp"
#include "daemon/gateway/ruleset_loader.hpp"
#include "daemon/gateway/service_manager.hpp"

namespace octroi {
namespace {

void log_to_stderr() {
    spdlog::set_default_logger(spdlog::stderr_color_mt("octroi"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S%z %^%l%$ %v");
}

// Blocked before any thread starts, so that only the control thread takes them.
std::expected<sigset_t, std::string> block_signals() {
    sigset_t signals;
    bool blocked = sigemptyset(&signals) == 0;
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        blocked = sigaddset(&signals, signal) == 0 && blocked;
    if (!blocked || pthread_sigmask(SIG_BLOCK, &signals, nullptr) != 0)
        return std::unexpected("SIGTERM, SIGINT and SIGHUP can't be blocked");
    // The last two end a program that knows nothing of them.
    for (const int signal : {SIGPIPE, SIGUSR1, SIGUSR2})
        static_cast<void>(std::signal(signal, SIG_IGN));
    return signals;
}

std::string in_force(Gateway& gateway) {
    const Ruleset& ruleset = gateway.rules().current();
    return fmt::format("{} rules, generation {}", ruleset.policy->rules().size(),
                       ruleset.generation);
}

void reload(Gateway& gateway, const ServiceManager& manager) {
    using std::chrono::microseconds;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();  // CLOCK_MONOTONIC
    manager.notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                               std::chrono::duration_cast<microseconds>(now).count()));
    if (const auto reloaded = gateway.rules().reload(); !reloaded) {
        spdlog::error("reload refused, the policy in force stays:\n{}", reloaded.error());
        manager.notify(
            fmt::format("READY=1\nSTATUS=Reload refused, in force: {}", in_force(gateway)));
    } else {
        spdlog::info("reloaded: {}", in_force(gateway));
        manager.notify(fmt::format("READY=1\nSTATUS={}", in_force(gateway)));
    }
}

void follow_schedule(Gateway& gateway) {
    const auto followed = gateway.rules().follow_schedule();
    if (!followed)
        spdlog::error("the schedule can't be followed, tried again in a second: {}",
                      followed.error());
    else if (*followed)
        spdlog::info("schedule: the rules of {} are in force, generation {}",
                     to_string(gateway.rules().current().policy->moment(),
                               gateway.rules().current().policy->defaults().time_zone),
                     gateway.rules().current().generation);
}

// The clock may be set at any time: it is looked at every second, rather than once at the next edge
// of the schedule. A watchdog is fed twice in its time.
timespec round_time(const ServiceManager& manager) {
    using std::chrono::nanoseconds;
    constexpr nanoseconds second = std::chrono::seconds(1);
    const auto watchdog = manager.watchdog();
    const nanoseconds round = watchdog ? std::min(second, nanoseconds(*watchdog) / 2) : second;
    return {.tv_sec = round.count() / second.count(), .tv_nsec = round.count() % second.count()};
}

// Without memory nothing is decided anew and the watchdog hungers; packets are answered all along.
void look_after(Gateway& gateway, const ServiceManager& manager, int signal) {
    try {
        if (signal == SIGHUP)
            reload(gateway, manager);
        else
            follow_schedule(gateway);
        if (gateway.check_health() && manager.watchdog())
            manager.notify("WATCHDOG=1");
    } catch (const std::bad_alloc&) {
        spdlog::error("no memory to look after the gateway, tried again in a second");
    }
}

void serve(Gateway& gateway, const ServiceManager& manager, const sigset_t& signals) {
    const timespec round = round_time(manager);
    while (true) {
        const int signal = sigtimedwait(&signals, nullptr, &round);
        if (signal == SIGTERM || signal == SIGINT) {
            spdlog::info("stopping: answering what is queued");
            return;
        }
        look_after(gateway, manager, signal);
    }
}

ExitCode check_only(const Config& config) {
    const auto problems = problems_with_named_files(config);
    for (const std::string& problem : problems)
        fmt::print(stderr, "octroi: {}\n", problem);
    SeriesRegistry registry(1);
    const auto ruleset = load_ruleset(config.policy, config.catalogue, registry);
    if (!ruleset) {
        fmt::print(stderr, "{}", ruleset.error());
        return ExitCode::findings;
    }
    if (!problems.empty())
        return ExitCode::findings;
    fmt::print(stderr, "octroi: configuration, {} services and {} rules are sound\n",
               ruleset->catalogue->services().size(), ruleset->policy->rules().size());
    return ExitCode::ok;
}

}  // namespace

ExitCode execute(const RunCommand& command) {
    const auto config = load_config(command.config);
    if (!config) {
        fmt::print(stderr, "{}", render_all(config.error()));
        return ExitCode::failed;
    }
    if (command.check)
        return check_only(*config);
    log_to_stderr();
    ServiceManager manager = ServiceManager::from_environment();
    const auto signals = block_signals();
    if (!signals) {
        spdlog::error("can't start: {}", signals.error());
        return ExitCode::failed;
    }
    if (const auto twice = files_named_twice(*config); !twice.empty()) {
        spdlog::error("can't start: {}", twice.front());
        return ExitCode::failed;
    }
    if (const auto confined = confine_files_and_capabilities(*config); !confined) {
        spdlog::error("can't start: {}", confined.error());
        return ExitCode::failed;
    }
    auto gateway = Gateway::start(*config, manager);
    if (!gateway) {
        spdlog::error("can't start: {}", gateway.error());
        return ExitCode::failed;
    }
    spdlog::info("ready: {} queues from {}, {} rules ({}), metrics on http://{}:{}/metrics",
                 config->queue_count, config->first_queue,
                 (*gateway)->rules().current().policy->rules().size(),
                 (*gateway)->rules().current().policy->file(), config->metrics_address,
                 config->metrics_port);
    manager.notify(fmt::format("READY=1\nSTATUS={}", in_force(**gateway)));
    serve(**gateway, manager, *signals);
    manager.notify("STOPPING=1");
    gateway->reset();
    spdlog::info("stopped");
    return ExitCode::ok;
}

}  // namespace octroi
