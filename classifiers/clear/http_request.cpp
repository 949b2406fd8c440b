#include "classifiers/clear/http_request.hpp"

#include <algorithm>
#include <string_view>

#include "classifiers/clear/host.hpp"

namespace octroi::http {
namespace {

using namespace std::string_view_literals;

// Servers take each of them between the words of a request line.
constexpr std::string_view white_space = " \t\r\n\v\f"sv;
// No server reads a longer method.
constexpr std::size_t max_method = 8UL * 1024;

bool is_letter(char c) {
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// RFC 9110 5.6.2
bool is_token_character(char c) {
    return is_letter(c) || is_digit(c) || "!#$%&'*+-.^_`|~"sv.contains(c);
}

bool same_letters(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(white_space) + 1 - first);
}

Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view method_of(std::string_view line) {
    return line.substr(0, line.find_first_of(white_space));
}

// Whether a line starts with a method, or may once its end is there.
bool starts_with_method(std::string_view line) {
    const std::string_view method = method_of(line.substr(0, max_method + 1));
    return method.size() <= max_method && std::ranges::all_of(method, is_token_character);
}

// Where the version starts. Servers that read it badly are there too (HTTP/1.10, HTTP/2.0), so no
// more than the protocol's name is asked for, as a word of its own.
std::size_t version_of(std::string_view line) {
    std::size_t found = line.rfind("HTTP/"sv);
    while (found != std::string_view::npos && found != 0 && !white_space.contains(line[found - 1]))
        found = line.rfind("HTTP/"sv, found - 1);
    return found;
}

// RFC 3986 3.1
bool is_scheme(std::string_view text) {
    return !text.empty() && is_letter(text[0]) && std::ranges::all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) || "+-."sv.contains(c);
    });
}

std::string_view absolute_authority(std::string_view target) {
    const std::size_t scheme = target.find("://"sv);
    if (scheme == std::string_view::npos || !is_scheme(target.substr(0, scheme)))
        return {};
    const std::string_view rest = target.substr(scheme + 3);
    return rest.substr(0, rest.find_first_of("/?#"sv));
}

// The host that the request line names; an empty one where that is left to Host.
std::expected<Request, Problem> read_request_line(std::string_view line) {
    const std::string_view method = method_of(line);
    const std::size_t version = version_of(line);
    const std::string_view target =
        trimmed(line.substr(method.size(), std::min(version, line.size()) - method.size()));
    if (version != std::string_view::npos && same_letters(method, "CONNECT"sv))
        return Request{.host = host_of(as_bytes(target)),
                       .form = Form::connect,
                       .port = port_of(as_bytes(target))};
    const std::string_view authority = absolute_authority(target);
    // HTTP/0.9 has neither version nor fields; nginx still serves it.
    if (version == std::string_view::npos && (method != "GET"sv || authority.empty()))
        return std::unexpected(Problem::not_http);
    if (!authority.empty())
        return Request{.host = host_of(as_bytes(authority)),
                       .form = Form::absolute,
                       .port = port_of(as_bytes(authority))};
    return Request{};
}

bool ends_head(std::string_view line) {
    return line.empty() || line == "\r"sv;
}

// nginx ignores several CR before LF; a CR inside a line ends it for some readers and for others
// not.
bool has_bare_return(std::string_view line) {
    while (line.ends_with('\r'))
        line.remove_suffix(1);
    return line.contains('\r');
}

// What follows the colon, of a Host field; nothing for another line. A line that starts with white
// space goes on with the field before (RFC 9112 5.2).
std::optional<std::string_view> host_value(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || white_space.contains(line[0]) ||
        !same_letters(trimmed(line.substr(0, colon)), "host"sv))
        return std::nullopt;
    return line.substr(colon + 1);
}

// The value of a Host field, which may stand on the lines that go on with it. `next` is the start
// of the line after the field's first one.
std::expected<std::string_view, Problem> unfolded(std::string_view value, std::string_view text,
                                                  std::size_t next) {
    while (trimmed(value).empty()) {
        if (next == text.size())
            return std::unexpected(Problem::incomplete);
        if (text[next] != ' ' && text[next] != '\t')
            break;
        const std::size_t end = text.find('\n', next);
        if (end == std::string_view::npos)
            return std::unexpected(Problem::incomplete);
        value = text.substr(next, end - next);
        next = end + 1;
    }
    return trimmed(value);
}

// The host of a Host field (RFC 9110 7.2: without userinfo). A value that is more than that is no
// host, and stays whole.
Bytes host_in(std::string_view value) {
    const bool authority = value.find_first_of(R"(/\?#@)"sv) == std::string_view::npos;
    return authority ? host_of(as_bytes(value)) : as_bytes(value);
}

std::expected<Request, Problem> read_host_field(std::string_view text, Progress& progress) {
    while (true) {
        const std::size_t end = text.find('\n', progress.next);
        if (end == std::string_view::npos)
            return std::unexpected(Problem::incomplete);
        const std::string_view line = text.substr(progress.next, end - progress.next);
        if (ends_head(line))
            return std::unexpected(Problem::no_host);
        if (const auto first = host_value(line)) {
            const auto value = unfolded(*first, text, end + 1);
            if (!value)
                return std::unexpected(value.error());
            const Bytes host = host_in(*value);
            if (host.empty())
                return std::unexpected(Problem::no_host);
            return Request{.host = host};
        }
        if (has_bare_return(line))
            return std::unexpected(Problem::malformed);
        progress.next = end + 1;
    }
}

}  // namespace

std::expected<Request, Problem> read_request(Bytes stream, Progress& progress) {
    const std::string_view text = as_text(stream);
    // RFC 9112 2.2: a server ignores empty lines before the request line.
    while (progress.start < text.size() && white_space.contains(text[progress.start]))
        progress.next = ++progress.start;
    if (progress.start == text.size())
        return std::unexpected(Problem::undecided);
    const std::string_view rest = text.substr(progress.start);
    if (!starts_with_method(rest))
        return std::unexpected(Problem::not_http);
    const std::size_t end = text.find('\n', progress.start);
    if (end == std::string_view::npos)
        return std::unexpected(Problem::undecided);
    progress.next = std::max(progress.next, end + 1);
    auto request = read_request_line(trimmed(text.substr(progress.start, end - progress.start)));
    if (!request)
        return request;
    // A proxy that is asked for an address hands Host on to it.
    const bool by_address = request->form == Form::absolute && host_address(request->host);
    if (request->form == Form::origin || by_address) {
        auto named = read_host_field(text, progress);
        if (by_address && (named || named.error() == Problem::no_host))
            return Request{.host = named ? named->host : request->host,
                           .form = Form::absolute,
                           .port = request->port,
                           .address = host_address(request->host)};
        return named;
    }
    if (request->host.empty())
        return std::unexpected(Problem::no_host);
    request->address = host_address(request->host);
    return request;
}

std::optional<std::size_t> head_size(Bytes stream, Progress& progress) {
    const std::string_view text = as_text(stream);
    while (true) {
        const std::size_t end = text.find('\n', progress.next);
        if (end == std::string_view::npos)
            return std::nullopt;
        const bool last = ends_head(text.substr(progress.next, end - progress.next));
        progress.next = end + 1;
        if (last)
            return progress.next;
    }
}

}  // namespace octroi::http
