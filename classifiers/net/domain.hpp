#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "classifiers/base/byte_reader.hpp"

namespace octroi {

/// A host or domain name: lower case, without trailing dot, 1 to 253 octets, labels of 1 to 63
/// letters, digits, hyphens or underscores (RFC 1123 2.1; underscores occur in the wild).
class Domain {
  public:
    static constexpr std::size_t max_length = 253;

    /// Empty where `text` is not such a name. Internationalised names come as A-labels (RFC 5890).
    [[nodiscard]] static std::optional<Domain> parse(std::string_view text);

    [[nodiscard]] static std::optional<Domain> parse(Bytes text);

    /// The name that some server takes from what a client asks it for, in SNI, Host or a proxy's
    /// request: nginx ignores a port, one trailing dot and, for a wildcard, a leading one; caddy
    /// ignores white space around. Empty where it is no name even so.
    [[nodiscard]] static std::optional<Domain> requested(Bytes text);

    [[nodiscard]] const std::string& text() const { return text_; }

    auto operator<=>(const Domain&) const = default;

  private:
    explicit Domain(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

/// "zoom.us" for "us05web.zoom.us"; empty for a name of one label.
[[nodiscard]] constexpr std::string_view parent_domain(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

}  // namespace octroi
