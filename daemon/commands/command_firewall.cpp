#include <fmt/format.h>

#include "daemon/commands/commands.hpp"
#include "daemon/config/config.hpp"
#include "daemon/firewall/firewall.hpp"
#include "daemon/gateway/ruleset_loader.hpp"
#include "daemon/kernel/conntrack.hpp"

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
    const auto status = conntrack_status().value_or(std::nullopt);
    if (!status || !status->accounting)
        fmt::print(
            stderr,
            "octroi: flows' bytes are not counted: sysctl net.netfilter.nf_conntrack_acct=1\n");
    if (!status || !status->timestamps)
        fmt::print(stderr,
                   "octroi: flows' durations are not counted: sysctl "
                   "net.netfilter.nf_conntrack_timestamp=1\n");
}

// Whether there is something that nobody could look at.
bool tell_unread(const std::vector<std::string>& unread) {
    for (const std::string& sentence : unread)
        fmt::print(stderr, "octroi: {}\n", sentence);
    return !unread.empty();
}

ExitCode check_rules(const Firewall& firewall) {
    const auto state = firewall.inspect();
    if (!state)
        return fail(state.error());
    const std::vector<std::string> drift = state->drift();
    const Hazards hazards = firewall.hazards();
    for (const auto* findings : {&drift, &hazards.found})
        for (const std::string& finding : *findings)
            fmt::print("{}\n", finding);
    if (!drift.empty())
        fmt::print(stderr, "octroi: run `octroi firewall install` to restore the rules\n");
    if (tell_unread(state->unread) || tell_unread(hazards.unread))
        return ExitCode::failed;
    if (!drift.empty() || !hazards.found.empty())
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
    const auto firewall = Firewall::open(netfilter_settings(*config),
                                         command.backend ? command.backend : config->backend);
    if (!firewall)
        return fail(firewall.error());
    const std::string by = fmt::format(" ({})", to_string(firewall->backend()));
    switch (command.verb) {
        case FirewallCommand::Verb::print:
            return print_rules(*firewall);
        case FirewallCommand::Verb::install:
            return report_change(firewall->install(), "the rules are installed" + by,
                                 "the rules are in place, nothing changed" + by);
        case FirewallCommand::Verb::remove:
            break;
        case FirewallCommand::Verb::check:
            return check_rules(*firewall);
    }
    return ExitCode::failed;
}

}  // namespace octroi
