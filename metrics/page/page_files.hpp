#pragma once

#include <string_view>

namespace octroi {

/// A file of metrics/page/, compiled into the program.
struct PageFile {
    std::string_view path;  ///< where it is served: "/" for the page itself
    std::string_view media_type;
    std::string_view text;
};

/// The file of the status page that is served at `path`; null where there is none. No file holds
/// data: the page asks for the status by itself.
[[nodiscard]] const PageFile* find_page_file(std::string_view path);

/// The style sheet that stands in every report.
[[nodiscard]] std::string_view report_style();

}  // namespace octroi
