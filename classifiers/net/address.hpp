#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace octroi {

/// An IPv6 address, or an IPv4 address in its v4-mapped form (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so
/// that one type, one order and one table serve both families.
struct Address {
    static constexpr std::size_t size = 16;

    std::array<std::uint8_t, size> bytes{};

    auto operator<=>(const Address&) const = default;

    [[nodiscard]] bool is_v4() const;

    /// The address after this one; the last address has none.
    [[nodiscard]] std::optional<Address> next() const;

    template <typename H>
    friend H AbslHashValue(H state, const Address& address) {
        return H::combine(std::move(state), address.bytes);
    }
};

[[nodiscard]] Address v4_address(std::array<std::uint8_t, 4> octets);

/// Reads "192.0.2.1" or "2001:db8::1"; nothing else (no zone id, no brackets).
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

/// Dotted quad for v4-mapped addresses, RFC 5952 text otherwise.
[[nodiscard]] std::string to_string(const Address& address);

/// An address block. `length` counts the bits of the 128-bit form: 10.0.0.0/8 has length 104.
class Network {
  public:
    enum class Error : std::uint8_t { bad_address, bad_length, host_bits };

    /// Reads "10.0.0.0/8", "2001:db8::/32" or a lone address (a block of one). Bits set behind the
    /// prefix are an error (`host_bits`), because they are a typing mistake more often than not.
    [[nodiscard]] static std::expected<Network, Error> parse(std::string_view text);

    [[nodiscard]] const Address& first() const { return first_; }

    [[nodiscard]] Address last() const;

    /// Of the 128 bits, a v4-mapped network's among them.
    [[nodiscard]] unsigned length() const { return length_; }

    [[nodiscard]] bool is_v4() const;

    /// As it is written: 24 for "192.0.2.0/24".
    [[nodiscard]] unsigned prefix_length() const;

    [[nodiscard]] bool contains(const Address& address) const;

    /// The same block with the bits behind the prefix cleared: what `host_bits` should have been.
    [[nodiscard]] static std::optional<std::string> canonical(std::string_view text);

    auto operator<=>(const Network&) const = default;

  private:
    Network(const Address& first, unsigned length) : first_(first), length_(length) {}

    static std::expected<Network, Error> parse_masked(std::string_view text);

    Address first_;
    unsigned length_ = 0;
};

[[nodiscard]] std::string to_string(const Network& network);

}  // namespace octroi
