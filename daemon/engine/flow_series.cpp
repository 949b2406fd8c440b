#include "daemon/engine/flow_series.hpp"

#include <algorithm>
#include <string>

#include "metrics/series/names.hpp"

namespace octroi {
namespace {

constexpr std::size_t actions = action_names.size();

// A series exists from the start where an outcome is to be expected; the others appear when they
// occur. An accepted flow is to be expected of any service: where its series began with the first
// flow, Prometheus' increase() would not see that one.
bool expected(const Policy& policy, ServiceId service, Action action, Action would) {
    if (action != would && action != Action::accept)
        return false;
    if (service == no_service || (action == Action::accept && would == Action::accept))
        return true;
    return std::ranges::any_of(policy.rules(), [&](const Rule& rule) {
        const auto& named = rule.when.services;
        return named && !named->test(no_service) && named->test(service) &&
               (rule.then == would || would == Action::accept);
    });
}

FlowSeries::Carried carried_slots(SeriesRegistry& registry, const Labels& labels,
                                  SeriesRegistry::Show show) {
    const auto slot = [&](const char* name, const char* help, const char* direction) {
        Labels all = labels;
        if (*direction != '\0')
            all.emplace_back("direction", direction);
        return registry.slot(name, help, MetricType::counter, std::move(all), show);
    };
    const auto per_direction = [&](const char* name, const char* help) {
        return FlowSeries::Carried::PerDirection{.to_server = slot(name, help, "to_server"),
                                                 .to_client = slot(name, help, "to_client")};
    };
    return {.bytes = per_direction(metric::flow_bytes_total,
                                   "Octets of IP packets of decided flows that have ended."),
            .packets = per_direction(metric::flow_forwarded_packets_total,
                                     "Packets of decided flows that have ended."),
            .seconds = slot(metric::flow_seconds_total,
                            "How long decided flows lasted that have ended.", "")};
}

}  // namespace

ServiceSet covered_services(const Policy& policy) {
    ServiceSet covered;
    for (const Rule& rule : policy.rules())
        if (const auto& named = rule.when.services; named && !named->test(no_service))
            covered |= *named;
    return covered;
}

FlowSeries::FlowSeries(SeriesRegistry& registry, const Catalogue& catalogue, const Policy& policy)
    : row_of_service_(max_service_id + 1UL), zones_(policy.zones().size() + 1) {
    std::vector<std::pair<ServiceId, std::string>> rows = {{no_service, "unknown"}};
    for (const Service& service : catalogue.services()) {
        row_of_service_[service.id] = rows.size();
        rows.emplace_back(service.id, service.name);
    }
    const auto zone_name = [&](std::size_t zone) {
        return zone + 1 == zones_ ? "none" : policy.zones()[zone].name;
    };
    const ServiceSet covered = covered_services(policy);
    for (const auto& [service, name] : rows)
        for (std::size_t zone = 0; zone < zones_; ++zone)
            carried_.push_back(carried_slots(registry,
                                             {{"service", name}, {"zone", zone_name(zone)}},
                                             service == no_service || covered.test(service)
                                                 ? SeriesRegistry::Show::always
                                                 : SeriesRegistry::Show::when_counted));
    slots_.resize(rows.size() * zones_ * actions * actions);
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (std::size_t zone = 0; zone < zones_; ++zone)
            for (std::size_t pair = 0; pair < actions * actions; ++pair) {
                const auto action = static_cast<Action>(pair / actions);
                const auto would = static_cast<Action>(pair % actions);
                const Labels labels = {{"service", rows[row].second},
                                       {"zone", zone_name(zone)},
                                       {"action", std::string(to_string(action))},
                                       {"would", std::string(to_string(would))}};
                const auto show = expected(policy, rows[row].first, action, would)
                                      ? SeriesRegistry::Show::always
                                      : SeriesRegistry::Show::when_counted;
                slots_[index(row, zone, action, would)] = {
                    .flows = registry.slot(metric::flows_total,
                                           "Flows decided, by what was done and what the policy "
                                           "without monitor mode would do.",
                                           MetricType::counter, labels, show),
                    .packets = registry.slot(
                        metric::flow_packets_total,
                        "Packets that user space inspected until their flow was decided.",
                        MetricType::counter, labels, show)};
            }
}

std::size_t FlowSeries::index(std::size_t row, std::size_t zone, Action action,
                              Action would) const {
    return ((row * zones_ + zone) * actions + static_cast<std::size_t>(action)) * actions +
           static_cast<std::size_t>(would);
}

const FlowSeries::Slots& FlowSeries::at(ServiceId service, std::optional<std::size_t> zone,
                                        Action action, Action would) const {
    return slots_[index(row_of_service_[service], zone.value_or(zones_ - 1), action, would)];
}

const FlowSeries::Carried& FlowSeries::carried(ServiceId service,
                                               std::optional<std::size_t> zone) const {
    return carried_[row_of_service_[service] * zones_ + zone.value_or(zones_ - 1)];
}

}  // namespace octroi
