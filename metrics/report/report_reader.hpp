#pragma once

#include <string_view>

#include "metrics/report/report_figures.hpp"
#include "rules/text/json.hpp"

namespace octroi {

/// Adds events (docs/events.md) up, a line at a time, in memory that does not grow with them.
class ReportReader {
  public:
    explicit ReportReader(const ReportPeriod& period) : period_(period) {}

    /// False where the line is no event; it is counted as broken.
    bool take(std::string_view line);

    [[nodiscard]] const ReportFigures& figures() const { return figures_; }

  private:
    void count_run(const json::Value& event, Instant time);
    void count_decision(const json::Value& event, Instant time);
    void count_flow_end(const json::Value& event);
    void count_exception(const json::Value& event);
    void count_client(const json::Value& event);
    void note(Incident incident);

    ReportPeriod period_;
    ReportFigures figures_;
};

}  // namespace octroi
