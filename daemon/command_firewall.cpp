#include <fmt/format.h>

#include "daemon/commands.hpp"
#include "daemon/config.hpp"
#include "daemon/firewall.hpp"
#include "daemon/ruleset_loader.hpp"

namespace octroi {
namespace {

ExitCode fail(const std::string& why) {
    fmt::print(stderr, "octroi: {}\n", why);
    return ExitCode::failed;
}

ExitCode print_rules(const Firewall& firewall) {
    fmt::print("# iptables-restore --noflush\n{}# ip6tables-restore --noflush\n{}",
               firewall.print(Firewall::Family::ipv4, 1),
               firewall.print(Firewall::Family::ipv6, 1));
    return ExitCode::ok;
}

ExitCode report_change(const std::expected<bool, std::string>& changed, std::string_view done,
                       std::string_view nothing) {
    if (!changed)
        return fail(changed.error());
    fmt::print(stderr, "octroi: {}\n", *changed ? done : nothing);
    return ExitCode::ok;
}

ExitCode check_rules(const Firewall& firewall) {
    const auto drift = firewall.drift();
    if (!drift)
        return fail(drift.error());
    for (const std::string& difference : *drift)
        fmt::print("{}\n", difference);
    if (!drift->empty()) {
        fmt::print(stderr, "octroi: run `octroi firewall install` to restore the rules\n");
        return ExitCode::findings;
    }
    fmt::print(stderr, "octroi: the rules are in place (iptables and ip6tables)\n");
    return ExitCode::ok;
}

}  // namespace

ExitCode execute(const FirewallCommand& command) {
    const auto config = load_config(command.config);
    if (!config) {
        fmt::print(stderr, "{}", render_all(config.error()));
        return ExitCode::failed;
    }
    const Firewall firewall({.first_queue = config->first_queue,
                             .queue_count = config->queue_count,
                             .bypass = config->on_failure == OnFailure::open,
                             .mark = config->mark});
    switch (command.verb) {
        case FirewallCommand::Verb::print:
            return print_rules(firewall);
        case FirewallCommand::Verb::install:
            return report_change(firewall.install(), "the rules are installed",
                                 "the rules are in place, nothing changed");
        case FirewallCommand::Verb::remove:
            return report_change(Firewall::remove(), "the rules are removed",
                                 "there are no rules of octroi");
        case FirewallCommand::Verb::check:
            return check_rules(firewall);
    }
    return ExitCode::failed;
}

}  // namespace octroi
