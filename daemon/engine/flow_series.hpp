#pragma once

#include <optional>
#include <vector>

#include "metrics/series/series.hpp"
#include "rules/policy/policy.hpp"
#include "rules/services/catalogue.hpp"

namespace octroi {

/// The services that a rule names, by themselves or by category, vendor or jurisdiction.
[[nodiscard]] ServiceSet covered_services(const Policy& policy);

/// The slots of the series by service and zone for one policy, filled when the policy is loaded:
/// of decisions (octroi_flows_total, octroi_flow_packets_total) also by action and would-be action,
/// and of what ended flows carried.
class FlowSeries {
  public:
    struct Slots {
        Slot flows = 0;
        Slot packets = 0;
    };

    /// What the kernel forwarded of flows that ended.
    struct Carried {
        struct PerDirection {
            Slot to_server = 0;
            Slot to_client = 0;
        };

        PerDirection bytes;
        PerDirection packets;
        Slot seconds = 0;
    };

    FlowSeries() = default;
    FlowSeries(SeriesRegistry& registry, const Catalogue& catalogue, const Policy& policy);

    [[nodiscard]] const Slots& at(ServiceId service, std::optional<std::size_t> zone, Action action,
                                  Action would) const;

    [[nodiscard]] const Carried& carried(ServiceId service, std::optional<std::size_t> zone) const;

  private:
    [[nodiscard]] std::size_t index(std::size_t row, std::size_t zone, Action action,
                                    Action would) const;

    std::vector<std::size_t> row_of_service_;  ///< by service id; 0: no service
    std::size_t zones_ = 0;                    ///< with the one for clients outside every zone
    std::vector<Slots> slots_;
    std::vector<Carried> carried_;  ///< by service and zone
};

}  // namespace octroi
