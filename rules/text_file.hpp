#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "rules/diagnostic.hpp"

namespace octroi {

/// The octets of the file at `path`. Refused with a finding: what is no regular file, what can't be
/// read, and what has more than `limit` octets, which is not read to its end.
[[nodiscard]] std::expected<std::string, Finding> read_text_file(const std::string& path,
                                                                 std::size_t limit);

/// The finding about a text of `size` octets where `limit` are allowed.
[[nodiscard]] Finding too_large(std::string file, std::size_t size, std::size_t limit);

}  // namespace octroi
