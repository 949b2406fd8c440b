#include "daemon/firewall/rules_program.hpp"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "daemon/firewall/subprocess.hpp"
#include "daemon/kernel/nft_revision.hpp"

namespace octroi {
namespace {

// PATH has no sbin in cron's jobs and behind plain su.
std::expected<Finished, NotRun> run_also_in_sbin(std::vector<std::string> arguments,
                                                 const std::string& input) {
    auto finished = run_program(arguments, input);
    if (finished || finished.error().cause != ENOENT)
        return finished;
    arguments[0] = "/usr/sbin/" + arguments[0];
    auto in_sbin = run_program(arguments, input);
    return !in_sbin && in_sbin.error().cause == ENOENT ? std::move(finished) : std::move(in_sbin);
}

RulesError not_run(const NotRun& error, const std::string& program) {
    if (error.cause != ENOENT)
        return {.kind = RulesError::Kind::unasked, .program = program, .text = error.text};
    return {.kind = RulesError::Kind::absent,
            .program = program,
            .text = fmt::format("{} (Debian package {})", error.text,
                                program == "nft" ? "nftables" : "iptables")};
}

}  // namespace

std::expected<std::string, RulesError> ask_rules_program(const std::vector<std::string>& arguments,
                                                         const std::string& input) {
    constexpr int signalled = 128;
    auto finished = run_also_in_sbin(arguments, input);
    if (!finished)
        return std::unexpected(not_run(finished.error(), arguments[0]));
    const int code = finished->exit_code;
    if (code > signalled)
        return std::unexpected(RulesError{
            .kind = RulesError::Kind::unasked,
            .program = arguments[0],
            .text = fmt::format("{} was ended by signal {}", arguments[0], code - signalled)});
    if (code != 0)
        return std::unexpected(
            RulesError{.kind = RulesError::Kind::refused,
                       .program = arguments[0],
                       .exit_code = code,
                       .text = fmt::format("{} failed: {}", arguments[0], finished->errors)});
    return std::move(finished->output);
}

std::expected<std::string, std::string> run_rules_program(const std::vector<std::string>& arguments,
                                                          const std::string& input) {
    auto printed = ask_rules_program(arguments, input);
    if (!printed)
        return std::unexpected(std::move(printed.error().text));
    return std::move(*printed);
}

bool tells_of_no_rules(const RulesError& error) {
    switch (error.kind) {
        case RulesError::Kind::absent:
            return true;
        case RulesError::Kind::unasked:
            return false;
        case RulesError::Kind::refused:
            break;
    }
    // iptables(8): 4 is short of a resource or a permission. Else it can't have written a rule: the
    // kernel has no such table, or an administrator's nft has made it into one of its own.
    constexpr int short_of_a_resource = 4;
    if (error.program != "nft")
        return error.exit_code != short_of_a_resource;
    const auto revision = nft_revision();
    return revision && !*revision;
}

std::expected<bool, std::string> has_rules_program(const std::string& name) {
    const auto asked = ask_rules_program({name, "--version"});
    if (!asked && asked.error().kind == RulesError::Kind::unasked)
        return std::unexpected(asked.error().text);
    return asked || asked.error().kind == RulesError::Kind::refused;
}

}  // namespace octroi
