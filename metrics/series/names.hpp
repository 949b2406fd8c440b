#pragma once

/// The names of all metrics (docs/metrics.md), each written here alone.
namespace octroi::metric {

inline constexpr const char* build_info = "octroi_build_info";
inline constexpr const char* config_last_reload_success_timestamp_seconds =
    "octroi_config_last_reload_success_timestamp_seconds";
inline constexpr const char* config_last_reload_successful = "octroi_config_last_reload_successful";
inline constexpr const char* config_reloads_total = "octroi_config_reloads_total";
inline constexpr const char* conntrack_entries = "octroi_conntrack_entries";
inline constexpr const char* conntrack_event_overruns_total =
    "octroi_conntrack_event_overruns_total";
inline constexpr const char* conntrack_limit_entries = "octroi_conntrack_limit_entries";
inline constexpr const char* decision_delay_seconds = "octroi_decision_delay_seconds";
inline constexpr const char* decision_packets = "octroi_decision_packets";
inline constexpr const char* degraded = "octroi_degraded";
inline constexpr const char* distinct_category_clients = "octroi_distinct_category_clients";
inline constexpr const char* distinct_clients = "octroi_distinct_clients";
inline constexpr const char* distinct_clients_uncounted_flows_total =
    "octroi_distinct_clients_uncounted_flows_total";
inline constexpr const char* dns_answers_total = "octroi_dns_answers_total";
inline constexpr const char* enforcement_mode = "octroi_enforcement_mode";
inline constexpr const char* events_dropped_total = "octroi_events_dropped_total";
inline constexpr const char* events_total = "octroi_events_total";
inline constexpr const char* evidence_total = "octroi_evidence_total";
inline constexpr const char* exceptions_total = "octroi_exceptions_total";
inline constexpr const char* exemption_expiry_timestamp_seconds =
    "octroi_exemption_expiry_timestamp_seconds";
inline constexpr const char* flow_bytes_total = "octroi_flow_bytes_total";
inline constexpr const char* flow_evictions_total = "octroi_flow_evictions_total";
inline constexpr const char* flow_forwarded_packets_total = "octroi_flow_forwarded_packets_total";
inline constexpr const char* flow_packets_total = "octroi_flow_packets_total";
inline constexpr const char* flow_seconds_total = "octroi_flow_seconds_total";
inline constexpr const char* flow_table_entries = "octroi_flow_table_entries";
inline constexpr const char* flow_table_limit_entries = "octroi_flow_table_limit_entries";
inline constexpr const char* flows_redecided_total = "octroi_flows_redecided_total";
inline constexpr const char* flows_total = "octroi_flows_total";
inline constexpr const char* invalid_packets_total = "octroi_invalid_packets_total";
inline constexpr const char* nfqueue_depth_packets = "octroi_nfqueue_depth_packets";
inline constexpr const char* nfqueue_kernel_dropped_packets_total =
    "octroi_nfqueue_kernel_dropped_packets_total";
inline constexpr const char* nfqueue_limit_packets = "octroi_nfqueue_limit_packets";
inline constexpr const char* nfqueue_received_packets_total =
    "octroi_nfqueue_received_packets_total";
inline constexpr const char* nfqueue_uninspected_packets_total =
    "octroi_nfqueue_uninspected_packets_total";
inline constexpr const char* nfqueue_user_dropped_packets_total =
    "octroi_nfqueue_user_dropped_packets_total";
inline constexpr const char* nfqueue_verdict_errors_total = "octroi_nfqueue_verdict_errors_total";
inline constexpr const char* packet_bytes_total = "octroi_packet_bytes_total";
inline constexpr const char* packets_total = "octroi_packets_total";
inline constexpr const char* parser_errors_total = "octroi_parser_errors_total";
inline constexpr const char* policy_exemptions = "octroi_policy_exemptions";
inline constexpr const char* policy_generation = "octroi_policy_generation";
inline constexpr const char* policy_info = "octroi_policy_info";
inline constexpr const char* policy_next_exemption_expiry_timestamp_seconds =
    "octroi_policy_next_exemption_expiry_timestamp_seconds";
inline constexpr const char* policy_rules = "octroi_policy_rules";
inline constexpr const char* rule_hits_total = "octroi_rule_hits_total";
inline constexpr const char* rule_last_hit_timestamp_seconds =
    "octroi_rule_last_hit_timestamp_seconds";
inline constexpr const char* series_overflow_total = "octroi_series_overflow_total";
inline constexpr const char* service_info = "octroi_service_info";
inline constexpr const char* unclassified_flows_total = "octroi_unclassified_flows_total";
inline constexpr const char* unreadable_flows_total = "octroi_unreadable_flows_total";
inline constexpr const char* verdict_duration_seconds = "octroi_verdict_duration_seconds";
inline constexpr const char* worker_busy_seconds_total = "octroi_worker_busy_seconds_total";
inline constexpr const char* worker_heartbeat_timestamp_seconds =
    "octroi_worker_heartbeat_timestamp_seconds";

}  // namespace octroi::metric
