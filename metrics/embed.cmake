# Writes page_files.cpp: the files of metrics/page/ as string literals.
# cmake -DROOT=<metrics/page> -DOUTPUT=<file> -P embed.cmake
set(entries "")
function(serve path media_type file)
  file(READ "${ROOT}/${file}" content)
  string(APPEND entries "    {\"${path}\", \"${media_type}\", R\"octroi_page(${content})octroi_page\"},\n")
  set(entries "${entries}" PARENT_SCOPE)
endfunction()

serve("/" "text/html; charset=utf-8" status.html)
serve("/status.css" "text/css; charset=utf-8" status.css)
serve("/status.js" "text/javascript; charset=utf-8" status.js)
serve("/chart.js" "text/javascript; charset=utf-8" chart.js)
serve("/tables.js" "text/javascript; charset=utf-8" tables.js)
file(READ "${ROOT}/report.css" style)
file(WRITE "${OUTPUT}" "#include \"metrics/page/page_files.hpp\"

#include <algorithm>

namespace octroi {
namespace {

constexpr PageFile files[] = {
${entries}};

}  // namespace

const PageFile* find_page_file(std::string_view path) {
    const auto* found = std::ranges::find(files, path, &PageFile::path);
    return found == std::end(files) ? nullptr : found;
}

std::string_view report_style() { return R\"octroi_page(${style})octroi_page\"; }

}  // namespace octroi
")
