#include "classifiers/net/address.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include <arpa/inet.h>

namespace octroi {
namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned v4_prefix_bits = 96;
constexpr unsigned address_bits = 128;

// The bits of byte `index` that lie inside a prefix of `length` bits.
std::uint8_t mask_byte(std::size_t index, unsigned length) {
    const auto bit = static_cast<unsigned>(index) * 8;
    if (length >= bit + 8)
        return 0xff;
    if (length <= bit)
        return 0;
    return static_cast<std::uint8_t>(0xff00U >> (length - bit));
}

std::optional<unsigned> parse_length(std::string_view text, unsigned limit) {
    unsigned length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc{} || end != text.data() + text.size() || length > limit)
        return std::nullopt;
    return length;
}

}  // namespace

bool Address::is_v4() const {
    return std::ranges::equal(std::span(bytes).first<12>(), v4_prefix);
}

std::optional<Address> Address::next() const {
    Address successor = *this;
    for (std::size_t i = size; i-- > 0;)
        if (++successor.bytes[i] != 0)
            return successor;
    return std::nullopt;
}

Address v4_address(std::array<std::uint8_t, 4> octets) {
    Address address;
    std::ranges::copy(v4_prefix, address.bytes.begin());
    std::ranges::copy(octets, address.bytes.begin() + v4_prefix.size());
    return address;
}

std::optional<Address> parse_address(std::string_view text) {
    if (text.size() >= INET6_ADDRSTRLEN || text.contains('\0'))
        return std::nullopt;
    const std::string terminated(text);
    std::array<std::uint8_t, 4> octets{};
    if (inet_pton(AF_INET, terminated.c_str(), octets.data()) == 1)
        return v4_address(octets);
    Address address;
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1)
        return address;
    return std::nullopt;
}

std::string to_string(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const char* written =
        address.is_v4()
            ? inet_ntop(AF_INET, address.bytes.data() + v4_prefix.size(), text.data(), text.size())
            : inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
    return written == nullptr ? std::string() : std::string(written);
}

std::expected<Network, Network::Error> Network::parse_masked(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address)
        return std::unexpected(Error::bad_address);
    // "::ffff:10.0.0.0/104" is written in 128-bit terms although it names IPv4 addresses.
    const bool dotted = address->is_v4() && text.find(':') == std::string_view::npos;
    const unsigned base = dotted ? v4_prefix_bits : 0;
    std::optional<unsigned> length = address_bits - base;
    if (slash != std::string_view::npos)
        length = parse_length(text.substr(slash + 1), address_bits - base);
    if (!length)
        return std::unexpected(Error::bad_length);
    return Network(*address, *length + base);
}

std::expected<Network, Network::Error> Network::parse(std::string_view text) {
    auto network = parse_masked(text);
    if (!network)
        return network;
    for (std::size_t i = 0; i < Address::size; ++i)
        if ((network->first_.bytes[i] & ~mask_byte(i, network->length_)) != 0)
            return std::unexpected(Error::host_bits);
    return network;
}

std::optional<std::string> Network::canonical(std::string_view text) {
    auto network = parse_masked(text);
    if (!network)
        return std::nullopt;
    for (std::size_t i = 0; i < Address::size; ++i)
        network->first_.bytes[i] &= mask_byte(i, network->length_);
    return to_string(*network);
}

Address Network::last() const {
    Address last = first_;
    for (std::size_t i = 0; i < Address::size; ++i)
        last.bytes[i] |= static_cast<std::uint8_t>(~mask_byte(i, length_));
    return last;
}

bool Network::is_v4() const {
    return first_.is_v4() && length_ >= v4_prefix_bits;
}

unsigned Network::prefix_length() const {
    return is_v4() ? length_ - v4_prefix_bits : length_;
}

bool Network::contains(const Address& address) const {
    return first_ <= address && address <= last();
}

std::string to_string(const Network& network) {
    return to_string(network.first()) + "/" + std::to_string(network.prefix_length());
}

}  // namespace octroi
