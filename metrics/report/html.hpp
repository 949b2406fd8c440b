#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace octroi {

/// HTML of our own: a literal. Text that anybody else chose can't become one.
class Markup {
  public:
    // NOLINTNEXTLINE(google-explicit-constructor): a literal is what it is
    consteval Markup(const char* literal) : text_(literal) {}

    [[nodiscard]] constexpr std::string_view text() const { return text_; }

  private:
    std::string_view text_;
};

/// A document in the making.
class Html {
  public:
    Html& tag(Markup markup);

    /// Text, as it is read: whatever means something to HTML is escaped, and characters that HTML
    /// forbids, or that reorder what stands beside them, become U+FFFD.
    Html& text(std::string_view text);

    /// A style sheet that is compiled in.
    Html& style(std::string_view sheet);

    /// A number with its thousands apart: "48,211".
    Html& count(std::uint64_t number);

    [[nodiscard]] const std::string& document() const { return document_; }

  private:
    std::string document_;
};

/// "48,211"
[[nodiscard]] std::string grouped(std::uint64_t number);

/// "1.2 GiB"
[[nodiscard]] std::string octets_text(std::uint64_t octets);

/// "12.5 %"; "-" where there is no whole.
[[nodiscard]] std::string share_text(std::uint64_t part, std::uint64_t whole);

}  // namespace octroi
