#pragma once

#include "daemon/engine/evaluation.hpp"
#include "daemon/engine/flow_table.hpp"
#include "daemon/engine/pipeline_series.hpp"

namespace octroi {

/// The counting of one pipeline: which series a packet, a flow or an error belongs to. It has no
/// part in what happens to them.
class PipelineCounts {
  public:
    PipelineCounts(PipelineSeries series, WorkerCounters& counters);

    /// A packet that leaves the pipeline; its octets as in the IP header.
    void packet(bool v4, std::size_t length, const Verdict& verdict);

    /// A packet that is not one.
    void error(DecodeError error);

    /// A message inside a flow that is not one.
    void error(ParserError error);

    void exception(Exception exception, Action action);

    /// A flow, by its first decision: its service, its evidence, its rule, and what it took.
    void decided(const Flow& flow, const Evaluation& evaluation, const Ruleset& ruleset);

    /// A live flow after a reload.
    void redecided(Action action);
    void invalid(const Verdict& verdict);

    void dns_answers(const DnsAnswerFilter::Edit& edit);

    void table_limit(std::size_t flows);
    void table(const FlowTable& table);

  private:
    void effort(const Flow& flow, const Evaluation& evaluation);

    PipelineSeries series_;
    WorkerCounters& counters_;
};

}  // namespace octroi
