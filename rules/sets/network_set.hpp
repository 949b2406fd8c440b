#pragma once

#include <utility>
#include <vector>

#include "classifiers/net/address.hpp"

namespace octroi {

/// In order of address, without the networks that lie inside another one of them.
[[nodiscard]] std::vector<Network> outermost(std::vector<Network> networks);

/// The addresses of several networks together: two halves are the whole. Immutable.
class NetworkSet {
  public:
    explicit NetworkSet(const std::vector<Network>& networks);

    /// Whether every address of `network` is in the set.
    [[nodiscard]] bool covers(const Network& network) const;

    /// Whether any address of `network` is in the set.
    [[nodiscard]] bool overlaps(const Network& network) const;

  private:
    using Range = std::pair<Address, Address>;  ///< first and last

    /// The first range that does not end before `address`, or null.
    [[nodiscard]] const Range* at(const Address& address) const;

    std::vector<Range> ranges_;  ///< in order, neither overlapping nor touching
};

/// Whether `network` lies wholly in address space that is routed on the Internet: not private,
/// shared, loopback, link-local, multicast or reserved (the IANA special-purpose registries); the
/// networks of documentation count as routed.
[[nodiscard]] bool is_routed(const Network& network);

}  // namespace octroi
