#include <csignal>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "daemon/commands.hpp"
#include "daemon/config.hpp"
#include "daemon/confinement.hpp"
#include "daemon/gateway.hpp"
#include "daemon/ruleset_loader.hpp"

namespace octroi {
namespace {

void log_to_stderr() {
    spdlog::set_default_logger(spdlog::stderr_color_mt("octroi"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S%z %^%l%$ %v");
}

// Blocked before any thread starts, so that only the control thread takes them.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    return signals;
}

void reload(Gateway& gateway) {
    if (const auto reloaded = gateway.reload(); !reloaded)
        spdlog::error("reload refused, the policy in force stays:\n{}", reloaded.error());
    else
        spdlog::info("reloaded: {} rules, generation {}", gateway.ruleset().policy->rules().size(),
                     gateway.ruleset().generation);
}

void follow_schedule(Gateway& gateway) {
    const auto followed = gateway.follow_schedule();
    if (!followed)
        spdlog::error("the schedule can't be followed, tried again in a second: {}",
                      followed.error());
    else if (*followed)
        spdlog::info("schedule: the rules of {} are in force, generation {}",
                     to_string(gateway.ruleset().policy->moment(),
                               gateway.ruleset().policy->defaults().time_zone),
                     gateway.ruleset().generation);
}

void serve(Gateway& gateway, const sigset_t& signals) {
    // The clock may be set at any time: it is looked at every second, rather than once at the next
    // edge of the schedule.
    constexpr timespec second{.tv_sec = 1, .tv_nsec = 0};
    while (true) {
        const int signal = sigtimedwait(&signals, nullptr, &second);
        if (signal < 0) {
            follow_schedule(gateway);
            continue;
        }
        if (signal != SIGHUP) {
            spdlog::info("stopping: answering what is queued");
            return;
        }
        reload(gateway);
    }
}

ExitCode check_only(const Config& config) {
    SeriesRegistry registry(1);
    const auto ruleset = load_ruleset(config.policy, config.catalogue, registry);
    if (!ruleset) {
        fmt::print(stderr, "{}", ruleset.error());
        return ExitCode::findings;
    }
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
    const sigset_t signals = block_signals();
    if (const auto confined = confine_files_and_capabilities(*config); !confined) {
        spdlog::error("can't start: {}", confined.error());
        return ExitCode::failed;
    }
    auto gateway = Gateway::start(*config);
    if (!gateway) {
        spdlog::error("can't start: {}", gateway.error());
        return ExitCode::failed;
    }
    spdlog::info("ready: {} queues from {}, {} rules ({}), metrics on http://{}:{}/metrics",
                 config->queue_count, config->first_queue,
                 (*gateway)->ruleset().policy->rules().size(), (*gateway)->ruleset().policy->file(),
                 config->metrics_address, config->metrics_port);
    serve(**gateway, signals);
    gateway->reset();
    spdlog::info("stopped");
    return ExitCode::ok;
}

}  // namespace octroi
