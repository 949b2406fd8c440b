#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "rules/text/diagnostic.hpp"

namespace octroi {

/// The octets of the file at `path`. Refused with a finding: what is no regular file, what can't be
/// read, and what has more than `limit` octets, which is not read to its end.
[[nodiscard]] std::expected<std::string, Finding> read_text_file(const std::string& path,
                                                                 std::size_t limit);

/// The place of the first octet that is not UTF-8 or is a control character, also one that turns
/// the direction of text; or none.
[[nodiscard]] std::optional<Position> bad_character(std::string_view text);

inline constexpr std::string_view not_utf8 = "this is not UTF-8 text";
inline constexpr std::string_view save_as_utf8 =
    "save the file as UTF-8 without control characters";

/// The finding about a text of `size` octets where `limit` are allowed.
[[nodiscard]] Finding too_large(std::string file, std::size_t size, std::size_t limit);

}  // namespace octroi
