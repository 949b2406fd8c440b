#include "metrics/http/http_access.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "classifiers/net/address.hpp"

namespace octroi {
namespace {

bool same_letters(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    });
}

// RFC 9110 7.2: uri-host [":" port]. Any port: a tunnel may end at another one.
std::string_view without_port(std::string_view host) {
    if (!host.starts_with('['))
        return host.substr(0, host.find(':'));
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
}

bool is_of_no_name(std::string_view host) {
    const std::string_view name = without_port(host);
    return host.empty() || same_letters(name, "localhost") || parse_address(name).has_value();
}

bool same_secret(std::string_view given, std::string_view secret) {
    if (given.size() != secret.size())
        return false;
    volatile unsigned difference = 0;
    for (std::size_t i = 0; i < secret.size(); ++i)
        difference = difference |
                     (static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(secret[i]));
    return difference == 0;
}

// RFC 6750 2.1; the scheme in any case (RFC 9110 11.1).
std::string_view bearer_of(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    return same_letters(authorization.substr(0, scheme.size()), scheme)
               ? authorization.substr(scheme.size())
               : std::string_view();
}

}  // namespace

std::optional<HttpResponse> HttpAccess::refuse_host(const HttpRequest& request) const {
    if (token_ || is_of_no_name(request.host))
        return std::nullopt;
    return HttpResponse{.status = 421,
                        .body =
                            "ask for localhost or for an address: a request by another name "
                            "may be a web page's\n"};
}

std::optional<HttpResponse> HttpAccess::refuse_stranger(const HttpRequest& request) const {
    if (!token_ || same_secret(bearer_of(request.authorization), *token_))
        return std::nullopt;
    return HttpResponse{.status = 401,
                        .body =
                            "this needs the token of octroi.yaml's `metrics: token_file`, as "
                            "`Authorization: Bearer TOKEN`\n"};
}

}  // namespace octroi
