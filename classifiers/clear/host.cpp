#include "classifiers/clear/host.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <span>
#include <string_view>

namespace octroi {
namespace {

// One part of a numeric address: decimal, 0 before octal, 0x before hexadecimal.
std::optional<std::uint32_t> read_number(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.starts_with('0')) {
        base = 8;
    }
    std::uint32_t value = 0;
    const std::span<const char> digits(text);
    const char* end = std::to_address(digits.end());
    const auto read = std::from_chars(std::to_address(digits.begin()), end, value, base);
    if (text.empty() || read.ec != std::errc() || read.ptr != end)
        return std::nullopt;
    return value;
}

// inet_aton(3): up to four parts, of which the last one fills all octets that are left.
std::optional<Address> read_numeric(std::string_view text) {
    std::uint32_t address = 0;
    for (unsigned left = 32;; left -= 8) {
        const std::size_t dot = text.find('.');
        const auto part = read_number(text.substr(0, dot));
        if (!part)
            return std::nullopt;
        if (dot == std::string_view::npos) {
            if (left < 32 && *part >> left != 0)
                return std::nullopt;
            address |= *part;
            break;
        }
        if (*part > 0xff || left == 8)
            return std::nullopt;
        address |= *part << (left - 8);
        text.remove_prefix(dot + 1);
    }
    return v4_address(
        {static_cast<std::uint8_t>(address >> 24U), static_cast<std::uint8_t>(address >> 16U),
         static_cast<std::uint8_t>(address >> 8U), static_cast<std::uint8_t>(address)});
}

}  // namespace

Bytes host_of(Bytes authority) {
    const std::string_view text = as_text(authority);
    const std::size_t at = text.rfind('@');
    const std::size_t first = at == std::string_view::npos ? 0 : at + 1;
    const std::string_view rest = text.substr(first);
    if (rest.starts_with('['))
        return authority.subspan(first + 1, std::min(rest.find(']'), rest.size()) - 1);
    return authority.subspan(first, std::min(rest.find(':'), rest.size()));
}

std::uint16_t port_of(Bytes authority) {
    const std::string_view text = as_text(authority);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return 0;
    std::uint16_t port = 0;
    const auto read = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    return read.ec == std::errc() ? port : std::uint16_t{0};
}

std::optional<Address> host_address(Bytes host) {
    std::string_view text = as_text(host);
    if (const auto literal = parse_address(text))
        return literal;
    if (text.ends_with('.'))
        text.remove_suffix(1);
    return read_numeric(text);
}

}  // namespace octroi
