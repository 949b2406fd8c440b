#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace octroi {

/// The body of http://address:port/path, from a daemon's HttpServer: a numeric address, 8 MiB and
/// a few seconds at most. The error says what failed, another status than 200 included.
[[nodiscard]] std::expected<std::string, std::string> http_get(const std::string& address,
                                                               std::uint16_t port,
                                                               const std::string& path);

}  // namespace octroi
