#include <fmt/format.h>

#include "daemon/commands.hpp"
#include "daemon/config.hpp"
#include "daemon/conntrack.hpp"
#include "daemon/firewall.hpp"
#include "daemon/ruleset_loader.hpp"

namespace octroi {
namespace {

ExitCode fail(const std::string& why) {
    fmt::print(stderr, "octroi: {}\n", why);
    return ExitCode::failed;
}

ExitCode print_rules(const Firewall& firewall) {
    fmt::print("{}", firewall.print(1));
    return ExitCode::ok;
}

ExitCode report_change(const std::expected<bool, std::string>& changed, std::string_view done,
                       std::string_view nothing) {
    if (!changed)
        return fail(changed.error());
    fmt::print(stderr, "octroi: {}\n", *changed ? done : nothing);
    return ExitCode::ok;
}

// Not what enforcement needs: said, but no finding.
void advise_on_accounting() {
    const auto status = conntrack_status();
    if (!status || !status->accounting)
        fmt::print(
            stderr,
            "octroi: flows' bytes are not counted: sysctl net.netfilter.nf_conntrack_acct=1\n");
    if (!status || !status->timestamps)
        fmt::print(stderr,
                   "octroi: flows' durations are not counted: sysctl "
                   "net.netfilter.nf_conntrack_timestamp=1\n");
}

ExitCode check_rules(const Firewall& firewall) {
    const auto state = firewall.inspect();
    if (!state)
        return fail(state.error());
    const std::vector<std::string> drift = state->drift();
    const std::vector<std::string> hazards = firewall.hazards();
    for (const auto* findings : {&drift, &hazards})
        for (const std::string& finding : *findings)
            fmt::print("{}\n", finding);
    if (!drift.empty())
        fmt::print(stderr, "octroi: run `octroi firewall install` to restore the rules\n");
    if (!drift.empty() || !hazards.empty())
        return ExitCode::findings;
    fmt::print(stderr, "octroi: the rules are in place ({})\n", to_string(firewall.backend()));
    advise_on_accounting();
    return ExitCode::ok;
}

}  // namespace

ExitCode execute(const FirewallCommand& command) {
    const auto config = load_config(command.config);
    if (!config) {
        fmt::print(stderr, "{}", render_all(config.error()));
        return ExitCode::failed;
    }
    if (command.verb == FirewallCommand::Verb::remove)
        return report_change(Firewall::remove(command.backend), "the rules are removed",
                             "there are no rules of octroi");
    const Firewall firewall(netfilter_settings(*config),
                            command.backend ? command.backend : config->backend);
    const std::string by = fmt::format(" ({})", to_string(firewall.backend()));
    switch (command.verb) {
        case FirewallCommand::Verb::print:
            return print_rules(firewall);
        case FirewallCommand::Verb::install:
            return report_change(firewall.install(), "the rules are installed" + by,
                                 "the rules are in place, nothing changed" + by);
        case FirewallCommand::Verb::remove:
            break;
        case FirewallCommand::Verb::check:
            return check_rules(firewall);
    }
    return ExitCode::failed;
}

}  // namespace octroi
