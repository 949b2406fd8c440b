#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "rules/prefix_map.hpp"

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

    /// The first addresses of ranges whose addresses are named alike: where a network begins and
    /// where it ends. In order, each once; what lies before the first one is named by nobody.
    [[nodiscard]] const std::vector<Address>& starts() const { return starts_; }

  private:
    PrefixMap<Numbers> map_;
    std::vector<Address> starts_;
    Numbers nobody_;
};

/// A host's address in the network that `start` begins: the one behind it, where there is one.
[[nodiscard]] Address host_behind(const Address& start);

}  // namespace octroi
