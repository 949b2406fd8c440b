#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "classifiers/net/address.hpp"

namespace octroi {

/// How an IPv6 address carries an IPv4 address of the host that it leads to.
enum class Dress : std::uint8_t { nat64, six_to_four, compatible, translated };

inline constexpr std::array<std::string_view, 4> dress_names = {
    "behind NAT64", "behind 6to4", "in the IPv4-compatible form", "in the IPv4-translated form"};

/// Ends the sentence "64:ff9b::c000:201 is 192.0.2.1 ...".
[[nodiscard]] constexpr std::string_view to_string(Dress dress) {
    return dress_names[static_cast<std::size_t>(dress)];
}

/// A prefix under which a translator of this network puts IPv4 addresses (RFC 6052 2.2).
class Nat64Prefix {
  public:
    /// Nothing where `network` is IPv4, or has a length that RFC 6052 knows no form for: it is 32,
    /// 40, 48, 56, 64 or 96.
    [[nodiscard]] static std::optional<Nat64Prefix> of(const Network& network);

    [[nodiscard]] const Network& network() const { return network_; }

    /// The IPv4 address in `address`, which the prefix contains. What stands behind it and between
    /// its octets is not looked at: translators differ there.
    [[nodiscard]] Address inside(const Address& address) const;

    auto operator<=>(const Nat64Prefix&) const = default;

  private:
    explicit Nat64Prefix(const Network& network) : network_(network) {}

    Network network_;
};

struct EmbeddedAddress {
    Address address;  ///< IPv4
    Dress dress{};
};

/// The IPv4 address of the host that an IPv6 address leads to, or nothing where it is an ordinary
/// one: NAT64 under `configured` (of several the longest) and the well-known prefixes (RFC 6052
/// 2.1, RFC 8215), 6to4 (RFC 3056 2), IPv4-compatible (RFC 4291 2.5.5.1) and IPv4-translated (RFC
/// 2765 2.1). An IPv4-mapped address is no other than the IPv4 address
/// (classifiers/net/address.hpp).
///
/// Not Teredo and ISATAP: those addresses carry that of a tunnel's end, which is no server's. A
/// comparison of two octets for IPv4 and ordinary IPv6, and a look at each of `configured`.
[[nodiscard]] std::optional<EmbeddedAddress> embedded_address(
    const Address& address, std::span<const Nat64Prefix> configured = {});

/// The IPv6 networks whose addresses carry those of `network`, an IPv4 one. Without those under the
/// prefix for local use (RFC 8215), where no network's octets stand in one place.
[[nodiscard]] std::vector<Network> dresses_of(const Network& network,
                                              std::span<const Nat64Prefix> configured = {});

/// The IPv4 address inside, else the address as it is: one host, one address.
[[nodiscard]] Address undressed(const Address& address,
                                std::span<const Nat64Prefix> configured = {});

}  // namespace octroi
