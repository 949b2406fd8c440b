#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "daemon/commands/commands.hpp"
#include "daemon/commands/policy_test_runner.hpp"
#include "daemon/commands/policy_tool.hpp"
#include "daemon/config/config.hpp"
#include "daemon/gateway/ruleset_loader.hpp"
#include "rules/lint/lint.hpp"
#include "rules/policy/loader.hpp"
#include "rules/text/json.hpp"
#include "rules/text/yaml.hpp"

namespace octroi {
namespace {

enum class FileKind : std::uint8_t { policy, tests, service, configuration };

// By the keys that only one kind has; a file that is none of them is judged as a policy.
FileKind kind_of(const yaml::Node& root) {
    if (root.find("service") != nullptr)
        return FileKind::service;
    if (root.find("tests") != nullptr)
        return FileKind::tests;
    constexpr std::array configuration_keys = {"policy",     "catalogue", "queues",  "mark",
                                               "on_failure", "firewall",  "observe", "flows",
                                               "metrics",    "events"};
    const bool configuration = std::ranges::any_of(
        configuration_keys, [&](const char* key) { return root.find(key) != nullptr; });
    return configuration && root.find("rules") == nullptr ? FileKind::configuration
                                                          : FileKind::policy;
}

// The rules of a policy that its tests do not reach.
std::vector<Finding> check_tests(const std::string& file,
                                 const std::optional<std::string>& catalogue) {
    const auto run = run_policy_tests(file, catalogue);
    if (!run)
        return run.error();
    std::vector<Finding> findings;
    for (const UntestedRule& rule : run->unreached)
        findings.push_back({.code = Code::untested_rule,
                            .file = rule.file,
                            .position = rule.position,
                            .text = fmt::format("no test of {} reaches `{}`", file, rule.name),
                            .hint = "add a test whose flow it decides"});
    return findings;
}

class Checker {
  public:
    Checker(const CheckCommand& command, const Catalogue& catalogue)
        : command_(command), catalogue_(catalogue) {}

    // What is wrong in the file, else the warnings about it.
    std::vector<Finding> check(const std::string& file) {
        const auto document = yaml::load(file);
        if (!document) {
            unreadable_ = unreadable_ || document.error().code == Code::unreadable;
            return {document.error()};
        }
        auto findings = check(*document);
        quote_lines(findings);
        return findings;
    }

    /// Whether a file, or the time that was given, could not be read.
    [[nodiscard]] bool unreadable() const { return unreadable_; }

  private:
    std::vector<Finding> check(const yaml::Document& document) {
        std::vector<Finding> findings;
        switch (kind_of(document.root)) {
            case FileKind::policy:
                return check_policy(document);
            case FileKind::tests:
                return check_tests(document.file, command_.catalogue);
            case FileKind::service:
                static_cast<void>(read_service(document, findings));
                break;
            case FileKind::configuration:
                if (const auto config = load_config(document.file); !config)
                    findings = config.error();
                break;
        }
        return findings;
    }

    std::vector<Finding> check_policy(const yaml::Document& document) {
        std::vector<Finding> findings;
        const auto policy = read_policy(document, catalogue_, findings);
        if (!policy)
            return findings;
        const auto moment = read_instant(command_.at, *policy);
        if (moment)
            return lint(policy->at(*moment), catalogue_);
        fmt::print(stderr, "octroi: --at: {}\n", moment.error());
        unreadable_ = true;
        return {};
    }

    const CheckCommand& command_;
    const Catalogue& catalogue_;
    bool unreadable_ = false;
};

std::string to_json(const Finding& finding) {
    return fmt::format(
        R"({{"file":{},"line":{},"column":{},"severity":"{}","code":"{}","text":{},"hint":{}}})",
        json::quote(finding.file), finding.position.line, finding.position.column,
        to_string(severity_of(finding.code)), to_string(finding.code), json::quote(finding.text),
        json::quote(finding.hint));
}

void print(const std::vector<Finding>& findings, bool as_json) {
    if (!as_json)
        return fmt::print(stderr, "{}", render_all(findings));
    for (const Finding& finding : findings)
        fmt::print("{}\n", to_json(finding));
}

std::string count_of(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

ExitCode execute(const CheckCommand& command) {
    const auto config = load_config(std::nullopt);
    const bool configured = !command.catalogue && config;
    const auto catalogue = load_catalogue(configured ? config->catalogue : command.catalogue);
    if (!catalogue) {
        fmt::print(stderr, "{}", render_all(catalogue.error()));
        return ExitCode::findings;
    }
    Checker checker(command, *catalogue);
    std::size_t errors = 0;
    std::size_t warnings = 0;
    for (const std::string& file : command.files) {
        const auto findings = checker.check(file);
        print(findings, command.json);
        for (const Finding& finding : findings)
            ++(severity_of(finding.code) == Severity::error ? errors : warnings);
    }
    fmt::print(stderr, "{} checked, {}{}\n", count_of(command.files.size(), "file"),
               count_of(errors, "finding"),
               warnings == 0 ? "" : ", " + count_of(warnings, "warning"));
    if (checker.unreadable())
        return ExitCode::failed;
    if (errors != 0)
        return ExitCode::findings;
    return warnings != 0 && command.strict ? ExitCode::strict : ExitCode::ok;
}

}  // namespace octroi
