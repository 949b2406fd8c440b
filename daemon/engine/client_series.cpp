#include "daemon/engine/client_series.hpp"

#include <string>

#include "daemon/engine/flow_series.hpp"

namespace octroi {

ClientSeries::ClientSeries(SeriesRegistry& registry, const Catalogue& catalogue,
                           const Policy& policy)
    : clients_(&registry.clients()),
      zones_(policy.zones().size() + 1),
      cells_((max_service_id + 1UL) * zones_, DistinctClients::no_cell) {
    const auto resolve = [&](ServiceId id, const std::string& name, std::string_view category) {
        for (std::size_t zone = 0; zone < zones_; ++zone)
            cells_[id * zones_ + zone] =
                clients_->cell(name, std::string(category),
                               zone + 1 == zones_ ? "none" : policy.zones()[zone].name);
    };
    resolve(no_service, "unknown", "");
    const ServiceSet covered = covered_services(policy);
    for (const bool named : {true, false})
        for (const Service& service : catalogue.services())
            if (covered.test(service.id) == named)
                resolve(service.id, service.name, to_string(service.category));
}

}  // namespace octroi
