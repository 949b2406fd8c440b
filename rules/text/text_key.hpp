#pragma once

#include <string_view>

#include <absl/strings/string_view.h>

namespace octroi {

/// A lookup key for Abseil's containers of strings. Debian builds Abseil with its own string_view.
[[nodiscard]] inline absl::string_view text_key(std::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace octroi
