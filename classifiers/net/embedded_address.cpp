#include "classifiers/net/embedded_address.hpp"

#include <algorithm>
#include <string>

namespace octroi {
namespace {

constexpr std::size_t v4_octets = 4;
constexpr std::size_t reserved_octet = 8;  // RFC 6052 2.2: bits 64 to 71 are passed over
constexpr std::size_t last_place = Address::size - v4_octets;

// The IPv4 address whose octets begin at octet `place`.
Address v4_at(const Address& address, std::size_t place) {
    std::array<std::uint8_t, v4_octets> octets{};
    for (std::uint8_t& octet : octets) {
        place += place == reserved_octet ? 1 : 0;
        octet = address.bytes[place++];
    }
    return v4_address(octets);
}

bool is_zero(const Address& address, std::size_t first, std::size_t end) {
    const auto octets = std::span(address.bytes).subspan(first, end - first);
    return std::ranges::all_of(octets, [](std::uint8_t octet) { return octet == 0; });
}

// Under 64:ff9b:1::/48 each network chooses a prefix of its own, of any length (RFC 8215 5). What
// stands behind the IPv4 address is zero (RFC 6052 2.2), so where the octets end tells the length;
// no host's address begins with 0, so an octet that is zero by chance misleads rarely.
Address local_nat64(const Address& address) {
    if (!is_zero(address, 13, Address::size))
        return v4_at(address, last_place);
    for (const std::size_t prefix_octets : {6U, 7U, 8U}) {
        const std::size_t suffix = prefix_octets + v4_octets + 1;
        const Address inside = v4_at(address, prefix_octets);
        if (is_zero(address, suffix, Address::size) && inside.bytes[last_place] != 0)
            return inside;
    }
    return v4_at(address, last_place);
}

std::optional<EmbeddedAddress> well_known_nat64(const Address& address) {
    const auto& octets = address.bytes;
    if (octets[2] != 0xff || octets[3] != 0x9b)
        return std::nullopt;
    if (is_zero(address, 4, last_place))
        return EmbeddedAddress{.address = v4_at(address, last_place), .dress = Dress::nat64};
    if (octets[4] == 0 && octets[5] == 1)
        return EmbeddedAddress{.address = local_nat64(address), .dress = Dress::nat64};
    return std::nullopt;
}

// ::a.b.c.d, but for :: and ::1, and ::ffff:0:a.b.c.d.
std::optional<EmbeddedAddress> behind_zeros(const Address& address) {
    const auto& octets = address.bytes;
    if (!is_zero(address, 0, 8))
        return std::nullopt;
    const bool compatible = is_zero(address, 8, 12) && octets[last_place] != 0;
    const bool translated = octets[8] == 0xff && octets[9] == 0xff && is_zero(address, 10, 12);
    if (!compatible && !translated)
        return std::nullopt;
    return EmbeddedAddress{.address = v4_at(address, last_place),
                           .dress = compatible ? Dress::compatible : Dress::translated};
}

// `network` with its octets from `place` on, behind `prefix`.
Network dress_at(const Network& network, const Address& prefix, std::size_t place) {
    Address address = prefix;
    const auto octets = std::span(network.first().bytes).last<v4_octets>();
    std::size_t at = place;
    for (const std::uint8_t octet : octets) {
        at += at == reserved_octet ? 1 : 0;
        address.bytes[at++] = octet;
    }
    const std::size_t end = place * 8 + network.prefix_length();
    const bool passes = place < reserved_octet && end > reserved_octet * 8;
    const bool starts_behind = place == reserved_octet;
    const std::string text =
        to_string(address) + "/" + std::to_string(end + (passes || starts_behind ? 8 : 0));
    return Network::parse(text).value();
}

const Nat64Prefix* longest_around(const Address& address, std::span<const Nat64Prefix> prefixes) {
    const Nat64Prefix* longest = nullptr;
    for (const Nat64Prefix& prefix : prefixes)
        if (prefix.network().contains(address) &&
            (longest == nullptr || prefix.network().length() > longest->network().length()))
            longest = &prefix;
    return longest;
}

}  // namespace

std::optional<Nat64Prefix> Nat64Prefix::of(const Network& network) {
    constexpr std::array<unsigned, 6> lengths = {32, 40, 48, 56, 64, 96};
    if (network.is_v4() || std::ranges::find(lengths, network.length()) == lengths.end())
        return std::nullopt;
    return Nat64Prefix(network);
}

Address Nat64Prefix::inside(const Address& address) const {
    return v4_at(address, network_.length() / 8);
}

std::optional<EmbeddedAddress> embedded_address(const Address& address,
                                                std::span<const Nat64Prefix> configured) {
    if (address.is_v4())
        return std::nullopt;
    if (!configured.empty())
        if (const Nat64Prefix* prefix = longest_around(address, configured))
            return EmbeddedAddress{.address = prefix->inside(address), .dress = Dress::nat64};
    const auto& octets = address.bytes;
    const unsigned front = unsigned{octets[0]} << 8U | octets[1];
    if (front == 0x0064)
        return well_known_nat64(address);
    if (front == 0x2002)
        return EmbeddedAddress{.address = v4_at(address, 2), .dress = Dress::six_to_four};
    return front == 0 ? behind_zeros(address) : std::nullopt;
}

std::vector<Network> dresses_of(const Network& network, std::span<const Nat64Prefix> configured) {
    struct Form {
        std::string_view prefix;
        std::size_t place;
    };

    constexpr std::array forms = {Form{.prefix = "64:ff9b::", .place = last_place},
                                  Form{.prefix = "2002::", .place = 2},
                                  Form{.prefix = "::", .place = last_place},
                                  Form{.prefix = "::ffff:0:0:0", .place = last_place}};
    std::vector<Network> dresses;
    for (const Form& form : forms)
        // NOLINTNEXTLINE(bugprone-unchecked-optional-access): each of them is an address
        dresses.push_back(dress_at(network, parse_address(form.prefix).value(), form.place));
    for (const Nat64Prefix& prefix : configured)
        dresses.push_back(
            dress_at(network, prefix.network().first(), prefix.network().length() / 8));
    return dresses;
}

Address undressed(const Address& address, std::span<const Nat64Prefix> configured) {
    const auto inside = embedded_address(address, configured);
    return inside ? inside->address : address;
}

}  // namespace octroi
