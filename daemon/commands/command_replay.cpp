#include <algorithm>

#include <fmt/format.h>

#include "daemon/commands/commands.hpp"
#include "daemon/commands/text_output.hpp"
#include "daemon/config/config.hpp"
#include "daemon/gateway/ruleset_loader.hpp"
#include "daemon/replay/replay.hpp"

namespace octroi {
namespace {

std::string outcome_text(const FlowRecord& record) {
    if (record.action == record.would)
        return std::string(to_string(record.action));
    return fmt::format("{} (would {})", to_string(record.action), to_string(record.would));
}

// What decided: a rule, or the case in which none did.
std::string reason_text(const FlowRecord& record) {
    if (!record.rule.empty())
        return record.rule;
    if (!record.exception)
        return "(default)";
    const std::string_view exception = to_string(*record.exception);
    return record.unreadable.empty() ? fmt::format("({})", exception)
                                     : fmt::format("({}: {})", exception, record.unreadable);
}

void print_table(const Replayed& replayed) {
    std::vector<std::vector<std::string>> rows = {
        {"CLIENT", "SERVER", "PROTO", "SERVICE", "NAME", "OUTCOME", "RULE"}};
    for (const FlowRecord& flow : replayed.flows)
        rows.push_back({endpoint_text(flow.client()), endpoint_text(flow.server()),
                        protocol_name(flow.protocol), flow.service.empty() ? "-" : flow.service,
                        flow.server_name.empty() ? "-" : flow.server_name, outcome_text(flow),
                        reason_text(flow)});
    fmt::print("{}", aligned(rows));
}

void print_flows(const Replayed& replayed, bool json) {
    if (!json)
        return print_table(replayed);
    for (const FlowRecord& flow : replayed.flows)
        fmt::print("{}\n", to_json_line(flow));
}

void print_remarks(const std::string& file, const Replayed& replayed) {
    if (replayed.malformed != 0)
        fmt::print(stderr, "octroi: {}: {} of {} packets malformed\n", file, replayed.malformed,
                   replayed.packets);
    if (replayed.discarded != 0)
        fmt::print(stderr,
                   "octroi: {}: {} packets with a wrong checksum left out, as their receivers "
                   "leave them\n",
                   file, replayed.discarded);
    if (replayed.lost_fragments != 0)
        fmt::print(stderr, "octroi: {}: {} fragments of datagrams that never came whole\n", file,
                   replayed.lost_fragments);
    if (replayed.read_once)
        fmt::print(stderr, "octroi: {}: can be read once, so checksums are not looked at\n", file);
}

}  // namespace

ExitCode execute(const ReplayCommand& command) {
    const auto config = load_config(std::nullopt);
    if (!config) {
        fmt::print(stderr, "{}", render_all(config.error()));
        return ExitCode::failed;
    }
    SeriesRegistry registry(1);
    auto ruleset =
        load_ruleset(command.policy ? command.policy : config->policy,
                     command.catalogue ? command.catalogue : config->catalogue, registry);
    if (!ruleset) {
        fmt::print(stderr, "{}", ruleset.error());
        return ExitCode::failed;
    }
    if (command.at) {
        const auto at = parse_moment(*command.at, ruleset->policy->defaults().time_zone);
        if (!at) {
            fmt::print(stderr, "octroi: `{}` is no date that exists: write 2026-12-01T08:00\n",
                       *command.at);
            return ExitCode::failed;
        }
        ruleset->policy = std::make_shared<const Policy>(ruleset->policy->at(*at));
    }
    ExitCode code = ExitCode::ok;
    for (const std::string& file : command.files) {
        const auto replayed = replay_capture(file, *ruleset, registry);
        if (!replayed) {
            fmt::print(stderr, "octroi: {}\n", replayed.error());
            code = ExitCode::failed;
            continue;
        }
        if (command.files.size() > 1 && !command.json)
            fmt::print("{}:\n", file);
        print_flows(*replayed, command.json);
        if (!replayed->cut_off.empty()) {
            fmt::print(stderr, "octroi: {}: ends early: {}\n", file, replayed->cut_off);
            code = std::max(code, ExitCode::findings);
        }
        print_remarks(file, *replayed);
    }
    return code;
}

}  // namespace octroi
