#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "rules/sets/prefix_map.hpp"

namespace octroi {

/// Networks, each with the number of somebody who names it: which of them name an address, and
/// addresses to represent all others. Immutable.
class NamedNetworks {
  public:
    using Number = std::uint32_t;
    using Numbers = std::vector<Number>;  ///< in order, each once

    explicit NamedNetworks(const std::vector<std::pair<Network, Number>>& networks);

    /// Who names `address`.
    [[nodiscard]] const Numbers& naming(const Address& address) const;

    /// An address of each range whose addresses are named alike, from where a network begins or
    /// ends: a host's, the second of the range, where there is one. In order. What lies before the
    /// first range is named by nobody.
    [[nodiscard]] std::vector<Address> samples() const;

  private:
    PrefixMap<Numbers> map_;
    std::vector<Address> starts_;  ///< of the ranges, in order, each once
    Numbers nobody_;
};

}  // namespace octroi
