#pragma once

#include <expected>
#include <optional>
#include <string>

namespace octroi {

/// The body of `url`, by a GET through libcurl: at most 10 seconds and 16 MiB, http and https, no
/// redirects, no proxy. `token` is sent as `Authorization: Bearer`. The error says why there is no
/// body, a status other than 200 included.
[[nodiscard]] std::expected<std::string, std::string> http_get(
    const std::string& url, const std::optional<std::string>& token = {});

}  // namespace octroi
