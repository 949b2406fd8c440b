#include "daemon/gateway/event_collector.hpp"

#include "metrics/series/names.hpp"

namespace octroi {

void add_event_families(std::vector<Family>& families, const EventLog& log) {
    Family written{.name = metric::events_total,
                   .help = "Events, before any sink lost one.",
                   .type = MetricType::counter};
    for (std::size_t type = 0; type < event_type_names.size(); ++type)
        written.samples.push_back({{{"type", std::string(event_type_names[type])}},
                                   static_cast<double>(log.written(static_cast<EventType>(type)))});
    Family dropped{.name = metric::events_dropped_total,
                   .help = "Events that a sink lost, or all of them.",
                   .type = MetricType::counter};
    dropped.samples.push_back(
        {{{"sink", "all"}, {"reason", "ring_full"}}, static_cast<double>(log.dropped())});
    for (const auto& sink : log.sinks())
        for (std::size_t loss = 0; loss < loss_names.size(); ++loss)
            dropped.samples.push_back(
                {{{"sink", sink->name()}, {"reason", std::string(loss_names[loss])}},
                 static_cast<double>(sink->lost(static_cast<Loss>(loss)))});
    families.push_back(std::move(written));
    families.push_back(std::move(dropped));
}

}  // namespace octroi
