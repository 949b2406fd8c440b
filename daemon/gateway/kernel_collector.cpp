#include "daemon/gateway/kernel_collector.hpp"

#include "daemon/kernel/conntrack.hpp"
#include "daemon/kernel/nfqueue.hpp"
#include "metrics/series/names.hpp"

namespace octroi {
namespace {

Family kernel_gauge(std::string name, std::string help) {
    return {.name = std::move(name), .help = std::move(help), .type = MetricType::gauge};
}

Family kernel_counter(std::string name, std::string help) {
    return {.name = std::move(name), .help = std::move(help), .type = MetricType::counter};
}

}  // namespace

void add_queue_families(std::vector<Family>& families, const Config& config) {
    Family received = kernel_counter(metric::nfqueue_received_packets_total,
                                     "Packets that the kernel put into the queue.");
    Family kernel = kernel_counter(metric::nfqueue_kernel_dropped_packets_total,
                                   "Packets dropped because the queue was full.");
    Family user = kernel_counter(metric::nfqueue_user_dropped_packets_total,
                                 "Packets dropped because the socket's buffer was full.");
    Family depth = kernel_gauge(metric::nfqueue_depth_packets, "Packets waiting for a verdict.");
    Family limit =
        kernel_gauge(metric::nfqueue_limit_packets, "Packets that may wait in the queue.");
    const auto queues = queue_status();  // unread: no samples
    for (const QueueStatus& status : queues.value_or(std::vector<QueueStatus>())) {
        if (status.number < config.first_queue ||
            status.number >= config.first_queue + config.queue_count)
            continue;
        const Labels labels = {{"queue", std::to_string(status.number)}};
        received.samples.push_back({labels, static_cast<double>(status.received)});
        kernel.samples.push_back({labels, static_cast<double>(status.kernel_dropped)});
        user.samples.push_back({labels, static_cast<double>(status.user_dropped)});
        depth.samples.push_back({labels, static_cast<double>(status.waiting)});
        limit.samples.push_back({labels, static_cast<double>(config.queue_length)});
    }
    for (Family* family : {&received, &kernel, &user, &depth, &limit})
        families.push_back(std::move(*family));
}

void add_conntrack_families(std::vector<Family>& families) {
    Family entries = kernel_gauge(metric::conntrack_entries, "Connections that the kernel tracks.");
    Family limit =
        kernel_gauge(metric::conntrack_limit_entries,
                     "Connections that the kernel tracks at most; further ones are dropped.");
    if (const auto status = conntrack_status()) {  // unread: no samples
        const ConntrackStatus read = status->value_or(ConntrackStatus{});
        entries.samples.push_back({{}, static_cast<double>(read.entries)});
        limit.samples.push_back({{}, static_cast<double>(read.limit)});
    }
    families.push_back(std::move(entries));
    families.push_back(std::move(limit));
}

}  // namespace octroi
