#pragma once

#include <expected>
#include <string>

namespace octroi {

/// The body of `url`, by a GET through libcurl: at most 10 seconds and 16 MiB, http and https, no
/// redirects, no proxy. The error says why there is none, a status other than 200 included.
[[nodiscard]] std::expected<std::string, std::string> http_get(const std::string& url);

}  // namespace octroi
