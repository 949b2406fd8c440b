#pragma once

#include <string_view>

#include "rules/text/diagnostic.hpp"

namespace octroi {

/// A value of a text list, without the blanks and the comment around it.
struct ListLine {
    std::string_view value;
    Position position;
    std::string_view line;  ///< the whole line, without its end
};

/// The next value of a text list: one a line, `#` starts a comment, empty lines are skipped. An
/// empty value at the end of the text. Views borrow from the text.
class ListLines {
  public:
    explicit ListLines(std::string_view text) : rest_(text) {}

    [[nodiscard]] ListLine next();

  private:
    std::string_view rest_;
    std::size_t number_ = 0;
};

/// Whether a value of a list is meant as a network or address: no name has a colon or a slash, and
/// none ends in a label of digits alone (RFC 3696 2).
[[nodiscard]] bool looks_like_network(std::string_view value);

}  // namespace octroi
