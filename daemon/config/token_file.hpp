#pragma once

#include <expected>
#include <optional>
#include <string>

namespace octroi {

/// The secret in `path`: one line of 16 to 512 printable characters without blanks. Refused where
/// others than its owner and group may read or write the file. Without a path: no secret. The error
/// says what to do.
[[nodiscard]] std::expected<std::optional<std::string>, std::string> read_token(
    const std::optional<std::string>& path);

}  // namespace octroi
