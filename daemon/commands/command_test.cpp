#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "classifiers/base/atomic_file.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/policy_test_runner.hpp"
#include "daemon/gateway/ruleset_loader.hpp"

namespace octroi {
namespace {

std::string xml(std::string_view text) {
    std::string escaped;
    for (const char c : text)
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            default:
                escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
    return escaped;
}

// The format that CI servers read: a suite a file, a case a test.
std::string junit(const std::vector<PolicyTestRun>& runs) {
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    for (const PolicyTestRun& run : runs) {
        text += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
                            xml(run.file), run.results.size(), run.failures());
        for (const PolicyTestResult& result : run.results) {
            // NOLINTNEXTLINE(modernize-raw-string-literal)
            text += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", xml(run.file),
                                xml(result.name));
            text += result.passed() ? "/>\n"
                                    : fmt::format("><failure message=\"{}\"/></testcase>\n",
                                                  xml(result.failure));
        }
        text += "  </testsuite>\n";
    }
    return text + "</testsuites>\n";
}

void print_coverage(const PolicyTestRun& run) {
    fmt::print("{}: {} of {} rules decided a test\n", run.policy_file,
               run.rules.size() - run.unreached.size(), run.rules.size());
    for (const UntestedRule& rule : run.unreached)
        fmt::print("  no test reaches {}\n", rule.name);
}

}  // namespace

ExitCode execute(const TestCommand& command) {
    std::vector<PolicyTestRun> runs;
    ExitCode code = ExitCode::ok;
    for (const std::string& file : command.files) {
        auto run = run_policy_tests(file, command.catalogue);
        if (!run) {
            fmt::print(stderr, "{}", render_all(run.error()));
            code = ExitCode::failed;
            continue;
        }
        for (const PolicyTestResult& result : run->results)
            if (!result.passed())
                fmt::print("{}:{}: FAILED {}\n  {}\n", run->file, result.line, result.name,
                           result.failure);
        fmt::print("{}: {} tests, {} failed\n", run->file, run->results.size(), run->failures());
        if (command.coverage)
            print_coverage(*run);
        if (run->failures() != 0 && code == ExitCode::ok)
            code = ExitCode::findings;
        runs.push_back(std::move(*run));
    }
    if (command.junit)
        if (const auto written = write_atomically(*command.junit, junit(runs)); !written) {
            fmt::print(stderr, "octroi: {}\n", written.error());
            return ExitCode::failed;
        }
    return code;
}

}  // namespace octroi
