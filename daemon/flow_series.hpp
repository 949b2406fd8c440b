#pragma once

#include <optional>
#include <vector>

#include "metrics/series.hpp"
#include "rules/catalogue.hpp"
#include "rules/policy.hpp"

namespace octroi {

/// The slots of octroi_flows_total and octroi_flow_packets_total for one policy: a table over
/// service, zone, action and would-be action, filled when the policy is loaded.
class FlowSeries {
  public:
    struct Slots {
        Slot flows = 0;
        Slot packets = 0;
    };

    FlowSeries() = default;
    FlowSeries(SeriesRegistry& registry, const Catalogue& catalogue, const Policy& policy);

    [[nodiscard]] const Slots& at(ServiceId service, std::optional<std::size_t> zone, Action action,
                                  Action would) const;

  private:
    [[nodiscard]] std::size_t index(std::size_t row, std::size_t zone, Action action,
                                    Action would) const;

    std::vector<std::size_t> row_of_service_;  ///< by service id; 0: no service
    std::size_t zones_ = 0;                    ///< with the one for clients outside every zone
    std::vector<Slots> slots_;
};

}  // namespace octroi
