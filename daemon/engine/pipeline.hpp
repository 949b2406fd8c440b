#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "classifiers/inspection/workspace.hpp"
#include "classifiers/net/packet.hpp"
#include "daemon/engine/client_memory.hpp"
#include "daemon/engine/dns_answer_filter.hpp"
#include "daemon/engine/dns_questions.hpp"
#include "daemon/engine/flow_table.hpp"
#include "daemon/engine/observe.hpp"
#include "daemon/engine/pipeline_counts.hpp"
#include "daemon/engine/rate_limit.hpp"
#include "daemon/engine/ruleset.hpp"
#include "daemon/kernel/verdict.hpp"
#include "metrics/events/event.hpp"

namespace octroi {

/// The path of one packet: decode, track, inspect, identify, decide, verdict, count. One per
/// worker, not shared. Which stage calls which: docs/architecture.md.
class Pipeline {
  public:
    struct Settings {
        FlowTable::Settings flows;
        std::size_t buffer_limit = 64UL * 1024 * 1024;  ///< octets of reassembly buffers
        MarkLayout mark;
        Observe observe = Observe::full;
        std::optional<Time> began;  ///< absent: with the first packet
        std::shared_ptr<ClientMemory> memory =
            std::make_shared<ClientMemory>();  ///< shared by the workers
    };

    /// What happened to a packet.
    struct Step {
        Verdict verdict;
        const Flow* flow = nullptr;  ///< null: the packet belongs to no tracked flow
        bool malformed = false;
        Bytes rewritten;            ///< the packet to send in its place; empty: as it came
        std::vector<Event> events;  ///< what there is to tell: a decision, a name refused by DNS

        /// The first record of a flow among the events; null: there is none.
        [[nodiscard]] const FlowRecord* record() const;
    };

    Pipeline(const Settings& settings, PipelineSeries series, WorkerCounters& counters);

    /// Takes one IP packet, as the kernel delivers it, through all stages.
    [[nodiscard]] Step process(Bytes ip_packet, const PacketContext& context,
                               const Ruleset& ruleset);

    /// The record of a flow as if its last packet had come: what is not known yet becomes false.
    [[nodiscard]] FlowRecord conclude(Flow& flow, const Ruleset& ruleset);

    /// Under Observe::to_end: of the connection whose ports the newest packet took for another one.
    [[nodiscard]] std::optional<FlowRecord> take_superseded() {
        return std::exchange(superseded_, std::nullopt);
    }

    [[nodiscard]] FlowTable& flows() { return table_; }

  private:
    [[nodiscard]] Step route(const Packet& packet, const Ruleset& ruleset);
    [[nodiscard]] Step refuse_malformed(DecodeError error, Bytes ip_packet, Time time,
                                        const Ruleset& ruleset);
    [[nodiscard]] bool is_graced(Time now, const Ruleset& ruleset) const;
    [[nodiscard]] static Step evaluate_alone(const Packet& packet, const Ruleset& ruleset);
    [[nodiscard]] bool may_begin(const Packet& packet);
    [[nodiscard]] Step decide_again(const Packet& packet, const Mark& old, const Ruleset& ruleset);
    [[nodiscard]] Step not_believed(const Packet& packet, const Ruleset& ruleset);
    [[nodiscard]] Step overflow(const Packet& packet, const Ruleset& ruleset);
    [[nodiscard]] Step advance_over(Flow& flow, const Packet& packet, const Ruleset& ruleset);
    [[nodiscard]] Step advance_beside(Flow& flow, const Packet& packet, const Ruleset& ruleset);
    [[nodiscard]] Step advance_any(Flow& flow, const Packet& packet, const Ruleset& ruleset);
    void note_before(Flow& flow, const Packet& packet, const Mark& old) const;
    [[nodiscard]] Step advance(Flow& flow, const Packet& packet, const Ruleset& ruleset);
    [[nodiscard]] Step follow(Flow& flow, const Packet& packet, const Ruleset& ruleset);
    [[nodiscard]] bool may_leave(const Flow& flow, const Evaluation& evaluation,
                                 const Ruleset& ruleset) const;
    void inspect(Flow& flow, const Packet& packet, const Ruleset& ruleset);
    [[nodiscard]] Verdict verdict_of(const Flow& flow, const Ruleset& ruleset) const;
    void guard_names(Step& step, const Packet& packet, Bytes ip_packet, const Ruleset& ruleset);

    Settings settings_;
    PipelineCounts counts_;
    FlowTable table_;
    Workspace workspace_;
    std::optional<Time> began_;  ///< when the daemon, or the capture's first packet, came
    DnsAnswerFilter dns_answer_filter_;
    DnsQuestions questions_;
    RateLimit table_full_;
    RateLimit malformed_;
    std::optional<FlowRecord> superseded_;
};

}  // namespace octroi
