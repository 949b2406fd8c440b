#include "daemon/engine/pipeline_series.hpp"

#include <string>
#include <utility>

#include "metrics/series/names.hpp"

namespace octroi {
namespace {

constexpr std::array<std::string_view, 2> family_names = {"ipv4", "ipv6"};
constexpr std::array<std::string_view, 4> fate_names = {"pass", "accept", "drop", "reject"};
constexpr std::array<std::string_view, answer_fate_count> answer_fate_names = {
    "unchanged", "refused", "ech_stripped"};
constexpr std::array<std::string_view, decode_error_count> decode_error_names = {
    "truncated", "not_ip", "bad_length", "later_fragment", "extension_headers"};
constexpr std::array<std::pair<std::string_view, std::string_view>, parser_error_count>
    parser_error_names = {{
        {"tls", "malformed"},
        {"tls", "too_large"},
        {"tls", "bad_name"},
        {"quic", "malformed"},
        {"dns", "malformed"},
        {"http", "bad_host"},
        {"certificate", "malformed"},
    }};

void resolve_packets(PipelineSeries& series, SeriesRegistry& registry) {
    for (std::size_t family = 0; family < family_names.size(); ++family)
        for (std::size_t fate = 0; fate < fate_names.size(); ++fate) {
            const Labels labels = {{"family", std::string(family_names[family])},
                                   {"verdict", std::string(fate_names[fate])}};
            series.packets[family][fate] =
                registry.slot(metric::packets_total, "Packets that user space gave a verdict to.",
                              MetricType::counter, labels);
            series.packet_bytes[family][fate] = registry.slot(
                metric::packet_bytes_total, "Octets of these packets, IP header included.",
                MetricType::counter, labels);
        }
}

Slot parser_error(SeriesRegistry& registry, std::string_view parser, std::string_view kind) {
    return registry.slot(metric::parser_errors_total,
                         "Packets or messages that a parser found malformed.", MetricType::counter,
                         {{"parser", std::string(parser)}, {"kind", std::string(kind)}});
}

void resolve_errors(PipelineSeries& series, SeriesRegistry& registry) {
    for (std::size_t i = 0; i < decode_error_count; ++i)
        series.decode_errors[i] = parser_error(registry, "ip", decode_error_names[i]);
    for (std::size_t i = 0; i < parser_error_count; ++i)
        series.parser_errors[i] =
            parser_error(registry, parser_error_names[i].first, parser_error_names[i].second);
}

void resolve_exceptions(PipelineSeries& series, SeriesRegistry& registry) {
    for (std::size_t i = 0; i < exception_names.size(); ++i)
        for (std::size_t action = 0; action < action_names.size(); ++action)
            series.exceptions[i][action] =
                registry.slot(metric::exceptions_total,
                              "Cases in which there was nothing to decide on.", MetricType::counter,
                              {{"exception", std::string(exception_names[i])},
                               {"action", std::string(action_names[action])}});
}

void resolve_unreadable(PipelineSeries& series, SeriesRegistry& registry) {
    for (std::size_t i = 1; i < unreadable_names.size(); ++i)
        series.unreadable[i] =
            registry.slot(metric::unreadable_flows_total,
                          "Flows that asked for something that could not be read, by the reason.",
                          MetricType::counter, {{"reason", std::string(unreadable_names[i])}});
    constexpr std::array verdicts = {"pass", "drop"};
    for (std::size_t i = 0; i < verdicts.size(); ++i)
        series.invalid[i] =
            registry.slot(metric::invalid_packets_total,
                          "Packets with data that conntrack calls INVALID, by what became of them.",
                          MetricType::counter, {{"verdict", verdicts[i]}});
}

void resolve_evidence(PipelineSeries& series, SeriesRegistry& registry) {
    for (std::size_t kind = 0; kind < series.evidence.size(); ++kind)
        for (std::size_t strength = 0; strength < series.evidence[kind].size(); ++strength)
            series.evidence[kind][strength] = registry.slot(
                metric::evidence_total,
                "Flows of a known service, by the kind of evidence that decided which.",
                MetricType::counter,
                {{"kind", std::string(to_string(static_cast<EvidenceKind>(kind)))},
                 {"strength", std::string(to_string(static_cast<Strength>(strength)))}},
                strength == 0 ? SeriesRegistry::Show::when_counted : SeriesRegistry::Show::always);
}

Slot unclassified(SeriesRegistry& registry, const char* reason) {
    return registry.slot(metric::unclassified_flows_total,
                         "Flows that nothing was learned about, by the reason.",
                         MetricType::counter, {{"reason", reason}});
}

// From a packet that decides at once to a handshake across the world.
Histogram::Scale delay_scale() {
    constexpr std::uint64_t millisecond = 1'000'000;
    Histogram::Scale scale{.bounds = {}, .unit = 1e-9};
    for (const std::uint64_t bound :
         {1U, 5U, 10U, 25U, 50U, 100U, 250U, 500U, 1000U, 2500U, 10'000U})
        scale.bounds.push_back(bound * millisecond);
    return scale;
}

}  // namespace

std::string_view name_of(DecodeError error) {
    return decode_error_names[static_cast<std::size_t>(error)];
}

PipelineSeries::PipelineSeries(SeriesRegistry& registry, std::size_t worker) {
    const Labels self = {{"worker", std::to_string(worker)}};
    resolve_packets(*this, registry);
    resolve_errors(*this, registry);
    resolve_exceptions(*this, registry);
    resolve_unreadable(*this, registry);
    resolve_evidence(*this, registry);
    for (std::size_t action = 0; action < action_names.size(); ++action)
        redecided[action] =
            registry.slot(metric::flows_redecided_total,
                          "Live flows that were decided again after a reload, without inspection.",
                          MetricType::counter, {{"action", std::string(action_names[action])}});
    for (std::size_t fate = 0; fate < answer_fate_count; ++fate)
        dns_answers[fate] =
            registry.slot(metric::dns_answers_total,
                          "DNS answers that crossed the gateway, by what `names` did to them.",
                          MetricType::counter, {{"result", std::string(answer_fate_names[fate])}});
    const std::string evictions = metric::flow_evictions_total;
    const std::string evictions_help = "Flows forgotten by user space.";
    expired = unclassified(registry, "expired");
    quota = unclassified(registry, "quota");
    no_name = unclassified(registry, "no_name");
    decision_packets = registry.histogram(metric::decision_packets,
                                          "How many packets of a flow it took to decide it.",
                                          {.bounds = {1, 2, 3, 4, 5, 6, 8, 12, 20, 40}});
    decision_delay =
        registry.histogram(metric::decision_delay_seconds,
                           "How long after its first packet a flow was decided.", delay_scale());
    evicted_idle =
        registry.slot(evictions, evictions_help, MetricType::counter, {{"reason", "idle"}});
    evicted_full =
        registry.slot(evictions, evictions_help, MetricType::counter, {{"reason", "table_full"}});
    flow_table_entries = registry.slot(metric::flow_table_entries, "Flows that user space keeps.",
                                       MetricType::gauge, self);
    flow_table_limit =
        registry.slot(metric::flow_table_limit_entries, "Flows that user space keeps at most.",
                      MetricType::gauge, self);
}

}  // namespace octroi
