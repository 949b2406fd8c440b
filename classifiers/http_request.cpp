#include "classifiers/http_request.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace octroi::http {
namespace {

using namespace std::string_view_literals;

constexpr std::array methods = {"GET "sv,     "POST "sv,  "HEAD "sv,   "PUT "sv,  "CONNECT "sv,
                                "OPTIONS "sv, "PATCH "sv, "DELETE "sv, "TRACE "sv};
constexpr std::size_t max_head = 16UL * 1024;

bool same_letters(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

// Host and port (RFC 3986 3.2): userinfo, port and the brackets of an IPv6 literal go.
std::string_view host_of(std::string_view authority) {
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos)
        authority.remove_prefix(at + 1);
    if (authority.starts_with('['))
        return authority.substr(1, authority.find(']') - 1);
    return authority.substr(0, authority.find(':'));
}

std::string_view target_host(std::string_view method, std::string_view target) {
    if (method == "CONNECT "sv)
        return host_of(target);
    const std::size_t scheme = target.find("://"sv);
    if (scheme == std::string_view::npos || target.starts_with('/'))
        return {};
    const std::string_view rest = target.substr(scheme + 3);
    return host_of(rest.substr(0, rest.find_first_of("/?#"sv)));
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::expected<Bytes, Problem> host_field(std::string_view head) {
    while (true) {
        const std::size_t end = head.find('\n');
        if (end == std::string_view::npos)
            return std::unexpected(Problem::incomplete);
        const std::string_view line = trimmed(head.substr(0, end));
        head.remove_prefix(end + 1);
        if (line.empty())
            return std::unexpected(Problem::no_host);
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos && same_letters(line.substr(0, colon), "host"sv))
            return as_bytes(host_of(trimmed(line.substr(colon + 1))));
    }
}

}  // namespace

std::expected<Bytes, Problem> requested_host(Bytes stream) {
    const bool full = stream.size() >= max_head;
    std::string_view text(reinterpret_cast<const char*>(stream.data()),
                          std::min(stream.size(), max_head));
    // RFC 9112 2.2: a server ignores empty lines before the request line.
    text.remove_prefix(std::min(text.find_first_not_of("\r\n"sv), text.size()));
    const auto method = std::ranges::find_if(methods, [&](std::string_view name) {
        return name.starts_with(text.substr(0, name.size()));
    });
    if (method == methods.end())
        return std::unexpected(Problem::not_http);
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos)
        return std::unexpected(full ? Problem::no_host : Problem::incomplete);
    const std::string_view line = trimmed(text.substr(0, end));
    const std::size_t version = line.rfind(" HTTP/1."sv);
    if (version == std::string_view::npos || version < method->size())
        return std::unexpected(Problem::not_http);
    const std::string_view host =
        target_host(*method, line.substr(method->size(), version - method->size()));
    if (!host.empty())
        return as_bytes(host);
    const auto field = host_field(text.substr(end + 1));
    const bool endless = !field && field.error() == Problem::incomplete && full;
    if (endless || (field && field->empty()))
        return std::unexpected(Problem::no_host);
    return field;
}

}  // namespace octroi::http
