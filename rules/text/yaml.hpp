#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/text/diagnostic.hpp"

namespace octroi::yaml {

enum class Kind : std::uint8_t { null, scalar, sequence, map };

/// A YAML value with its place in the file. Aliases are already replaced by what they stand for.
struct Node {
    Kind kind = Kind::null;
    Position position;
    std::string scalar;        ///< kind scalar: the text as written, quotes and escapes resolved
    std::vector<Node> items;   ///< kind sequence
    std::vector<Node> keys;    ///< kind map: scalars, without duplicates
    std::vector<Node> values;  ///< kind map: as many as keys

    /// The value of `key`, or null.
    [[nodiscard]] const Node* find(std::string_view key) const;
};

/// A parsed file: its nodes and the text that messages quote from.
struct Document {
    std::string file;
    std::string text;
    Node root;

    /// A finding at `position` of this file, with the line quoted.
    [[nodiscard]] Finding finding(Code code, Position position, std::string message,
                                  std::string hint = {}) const;
};

using DocumentPtr = std::shared_ptr<const Document>;

inline constexpr std::size_t max_file_size = 8UL * 1024 * 1024;
inline constexpr std::size_t max_nodes_from_aliases = 100'000;
inline constexpr std::size_t max_nesting = 32;

/// Parses one YAML 1.2 document. Refused with a finding: syntax errors, text that is not UTF-8,
/// more than `max_file_size` octets, nesting over `max_nesting`, aliases that expand to more than
/// `max_nodes_from_aliases` nodes, a key twice in one map, keys that are not scalars, a second
/// document.
[[nodiscard]] std::expected<Document, Finding> parse(std::string file, std::string text);

/// Reads the file at `path` and parses it.
[[nodiscard]] std::expected<Document, Finding> load(const std::string& path);

}  // namespace octroi::yaml
