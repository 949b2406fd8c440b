#pragma once

#include <span>
#include <string_view>

namespace octroi {

/// A file of rules/ that is compiled into the program, so that it works before anything is
/// installed.
struct BuiltinFile {
    std::string_view name;  ///< "catalogue/zoom.yaml"
    std::string_view text;
};

/// The shipped catalogue, a file a service.
[[nodiscard]] std::span<const BuiltinFile> builtin_catalogue();

/// The shipped policies; the first is the default.
[[nodiscard]] std::span<const BuiltinFile> builtin_policies();

}  // namespace octroi
