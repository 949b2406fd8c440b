#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include <absl/time/clock.h>
#include <fmt/format.h>
#include <unistd.h>

#include "classifiers/base/atomic_file.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/policy_tool.hpp"
#include "daemon/gateway/ruleset_loader.hpp"
#include "daemon/version.hpp"
#include "metrics/events/event_file.hpp"
#include "metrics/report/report_html.hpp"
#include "metrics/report/report_reader.hpp"
#include "rules/policy/loader.hpp"

namespace octroi {
namespace {

ExitCode report_failed(std::string_view why) {
    fmt::print(stderr, "octroi: {}\n", why);
    return ExitCode::failed;
}

std::expected<ReportPeriod, std::string> period_of(const ReportCommand& command) {
    ReportPeriod period;
    const auto zone = find_time_zone(command.time_zone);
    if (!zone)
        return std::unexpected(fmt::format("`{}` is no time zone", command.time_zone));
    period.zone = *zone;
    const auto from = parse_moment(command.from, *zone);
    const auto to = parse_moment(command.to, *zone, true);
    if (!from || !to)
        return std::unexpected(
            fmt::format("`{}` is neither a date nor a time: 2026-12-01 or "
                        "2026-12-01T08:00",
                        from ? command.to : command.from));
    if (*to <= *from)
        return std::unexpected(
            fmt::format("the period from {} to {} is empty", command.from, command.to));
    period.from = *from;
    period.to = *to;
    return period;
}

// How far a long reading has come, on a terminal.
class ReadingProgress {
  public:
    explicit ReadingProgress(const std::string& path) : path_(path) {
        std::error_code ignored;
        size_ = std::filesystem::file_size(path, ignored);
    }

    ReadingProgress(const ReadingProgress&) = delete;
    ReadingProgress& operator=(const ReadingProgress&) = delete;
    ReadingProgress(ReadingProgress&&) = delete;
    ReadingProgress& operator=(ReadingProgress&&) = delete;

    ~ReadingProgress() {
        if (shown_)
            fmt::print(stderr, "\r\033[K");
    }

    void at(std::uint64_t octets) {
        const auto now = std::chrono::steady_clock::now();
        if (!wanted_ || size_ == 0 || now < next_)
            return;
        next_ = now + std::chrono::milliseconds(500);
        shown_ = true;
        fmt::print(stderr, "\r\033[Koctroi: {}: {} %", path_, octets * 100 / size_);
    }

  private:
    const std::string& path_;
    std::uint64_t size_ = 0;
    bool wanted_ = isatty(STDERR_FILENO) != 0;
    bool shown_ = false;
    std::chrono::steady_clock::time_point next_ =
        std::chrono::steady_clock::now() + std::chrono::seconds(1);
};

std::expected<ReportInput, std::string> read_events(const std::string& path, ReportReader& reader) {
    auto file = EventFile::open(path);
    if (!file)
        return std::unexpected(std::move(file.error()));
    ReportInput input{.path = path};
    ReadingProgress progress(path);
    std::string line;
    for (auto next = file->next(line); next != EventFile::Next::end; next = file->next(line)) {
        progress.at(file->octets());
        if (next == EventFile::Next::line && line.empty())
            continue;
        ++input.lines;
        if (next == EventFile::Next::too_long)
            line.clear();  // counted as broken like any other
        if (!reader.take(line))
            ++input.broken;
    }
    input.octets = file->octets();
    input.cut_off = file->cut_off();
    input.sha256 = file->sha256();
    return input;
}

std::expected<std::vector<ReportExemption>, std::string> exemptions_of(
    const ReportCommand& command) {
    std::vector<ReportExemption> exemptions;
    if (!command.policy)
        return exemptions;
    const auto catalogue = load_catalogue(command.catalogue);
    if (!catalogue)
        return std::unexpected(render_all(catalogue.error()));
    const auto policy = load_policy(command.policy, *catalogue);
    if (!policy)
        return std::unexpected(render_all(policy.error()));
    for (const Rule& rule : policy->rules())
        if (rule.exemption)
            exemptions.push_back(
                {.name = rule.name,
                 .owner = rule.owner,
                 .ticket = rule.ticket,
                 .until = rule.schedule.until
                              ? to_string(*rule.schedule.until, policy->defaults().time_zone)
                              : ""});
    return exemptions;
}

std::expected<void, std::string> write_report(const std::optional<std::string>& output,
                                              const std::string& html) {
    if (output)
        return write_atomically(*output, html);
    if (std::fwrite(html.data(), 1, html.size(), stdout) == html.size() && std::fflush(stdout) == 0)
        return {};
    return std::unexpected("can't write to the standard output");
}

// A report in the place of what it is made from would be the last one.
std::expected<void, std::string> keep_inputs(const ReportCommand& command) {
    std::error_code ignored;
    for (const std::string& path : command.events)
        if (command.output && std::filesystem::equivalent(path, *command.output, ignored))
            return std::unexpected(
                fmt::format("the report would take the place of {}, which it is made from", path));
    return {};
}

}  // namespace

ExitCode execute(const ReportCommand& command) {
    const auto period = period_of(command);
    if (!period)
        return report_failed(period.error());
    if (const auto kept = keep_inputs(command); !kept)
        return report_failed(kept.error());
    auto exemptions = exemptions_of(command);
    if (!exemptions)
        return report_failed(exemptions.error());
    ReportReader reader(*period);
    std::vector<ReportInput> inputs;
    for (const std::string& path : command.events) {
        auto input = read_events(path, reader);
        if (!input)
            return report_failed(input.error());
        inputs.push_back(std::move(*input));
    }
    const ReportParts parts{.title = command.title,
                            .program = fmt::format("octroi {}", version),
                            .written = absl::Now(),
                            .period = *period,
                            .figures = reader.figures(),
                            .inputs = std::move(inputs),
                            .exemptions = std::move(*exemptions),
                            .policy_file = command.policy.value_or("")};
    if (const auto written = write_report(command.output, report_html(parts)); !written)
        return report_failed(written.error());
    if (is_whole(parts))
        return ExitCode::ok;
    fmt::print(stderr,
               "octroi: the report is written, but the files are not whole: see its "
               "sections Coverage and Files\n");
    return ExitCode::findings;
}

}  // namespace octroi
