#pragma once

#include <optional>
#include <vector>

#include "metrics/series/series.hpp"
#include "rules/policy/policy.hpp"
#include "rules/services/catalogue.hpp"

namespace octroi {

/// The sketches of distinct clients by service and zone for one policy, found when it is loaded.
/// Services that its rules name come first, should there not be enough for all.
class ClientSeries {
  public:
    ClientSeries() = default;

    /// `registry` outlives it.
    ClientSeries(SeriesRegistry& registry, const Catalogue& catalogue, const Policy& policy);

    /// Notes the client of an accepted flow. Waits for nobody.
    void add(ServiceId service, std::optional<std::size_t> zone, const Address& client) const {
        clients_->add(cells_[service * zones_ + zone.value_or(zones_ - 1)], client);
    }

  private:
    DistinctClients* clients_ = nullptr;
    std::size_t zones_ = 0;                     ///< with the one for clients outside every zone
    std::vector<DistinctClients::Cell> cells_;  ///< by service id and zone
};

}  // namespace octroi
