#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "rules/text/diagnostic.hpp"

namespace octroi::json {

enum class Kind : std::uint8_t { null, boolean, number, text, list, object };

/// A JSON value (RFC 8259).
struct Value {
    Kind kind = Kind::null;
    std::string text;               ///< kind text; kind number: in decimal
    std::vector<std::string> keys;  ///< kind object: without duplicates
    std::vector<Value> items;       ///< kind list; kind object: as many as keys

    /// The value of `key`, or null where there is none or this is no object.
    [[nodiscard]] const Value* find(std::string_view key) const;
};

inline constexpr std::size_t max_values = 1'000'000;
inline constexpr std::size_t max_nesting = 32;

/// Parses one JSON text. Refused with a finding that names `file`: syntax errors, text that is not
/// UTF-8, nesting over `max_nesting`, more than `max_values` values, a key twice in one object.
[[nodiscard]] std::expected<Value, Finding> parse(const std::string& file, std::string_view text);

/// `text` as a JSON string, in quotes; octets that are not UTF-8 are replaced. Also a double-quoted
/// scalar of YAML.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace octroi::json
