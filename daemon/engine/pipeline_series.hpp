#pragma once

#include <array>

#include "classifiers/inspection/evidence.hpp"
#include "classifiers/inspection/inspector.hpp"
#include "classifiers/net/packet.hpp"
#include "daemon/engine/dns_answer_filter.hpp"
#include "daemon/kernel/mark.hpp"
#include "metrics/series/series.hpp"
#include "rules/policy/policy.hpp"

namespace octroi {

/// How a packet left the pipeline, as octroi_packets_total names it.
enum class PacketFate : std::uint8_t { pass, accept, drop, reject };

/// What octroi_parser_errors_total calls it.
[[nodiscard]] std::string_view name_of(DecodeError error);

/// The slots of a pipeline's own counters, resolved when the program starts.
struct PipelineSeries {
    explicit PipelineSeries(SeriesRegistry& registry, std::size_t worker);

    using PerFate = std::array<Slot, 4>;
    using PerAction = std::array<Slot, action_names.size()>;

    std::array<PerFate, 2> packets{};  ///< by family (0: IPv4, 1: IPv6) and fate
    std::array<PerFate, 2> packet_bytes{};
    std::array<Slot, decode_error_count> decode_errors{};
    std::array<Slot, parser_error_count> parser_errors{};
    std::array<PerAction, exception_names.size()> exceptions{};
    std::array<Slot, unreadable_names.size()> unreadable{};  ///< by reason
    std::array<Slot, 2> invalid{};                           ///< 0: went on, 1: ended here
    std::array<std::array<Slot, 5>, 10> evidence{};          ///< by kind and strength
    std::array<Slot, answer_fate_count> dns_answers{};
    PerAction redecided{};  ///< live flows decided again after a reload
    Histogram decision_packets;
    Histogram decision_delay;
    Slot expired{};  ///< flows forgotten while undecided
    Slot quota{};    ///< flows that no classifier knew when inspection had spent its quota
    Slot no_name{};  ///< flows that no classifier knew and none could tell more about
    Slot evicted_idle{};
    Slot evicted_full{};
    Slot flow_table_entries{};  ///< gauge of this worker
    Slot flow_table_limit{};
};

}  // namespace octroi
