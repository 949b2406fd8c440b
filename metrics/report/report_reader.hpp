#pragma once

#include <string_view>

#include "metrics/events/event_reader.hpp"
#include "metrics/report/report_figures.hpp"

namespace octroi {

/// Adds events (docs/events.md) up, a line at a time, in memory that does not grow with them.
class ReportReader {
  public:
    explicit ReportReader(const ReportPeriod& period) : period_(period) {}

    /// False where the line is no event; it is counted as broken.
    bool take(std::string_view line);

    [[nodiscard]] const ReportFigures& figures() const { return figures_; }

  private:
    void count_run(const RecordedEvent& event, Instant time);
    void count_decision(const RecordedEvent& event, Instant time);
    void count_flow_end(const RecordedEvent& event);
    void count_exception(const RecordedEvent& event);
    void count_client(const RecordedEvent& event);
    void note(Incident incident);

    ReportPeriod period_;
    ReportFigures figures_;
};

}  // namespace octroi
