#include "rules/refresh/vendor_list.hpp"

#include <algorithm>

#include "rules/refresh/list_collector.hpp"
#include "rules/refresh/vendor_json.hpp"
#include "rules/text/json.hpp"
#include "rules/text/list_lines.hpp"
#include "rules/text/text_file.hpp"

namespace octroi {
namespace {

// A network or name a line.
void read_text_list(std::string_view text, bool names, ListCollector& collector) {
    ListLines lines(text);
    for (ListLine line = lines.next(); !line.value.empty() && collector.ok(); line = lines.next()) {
        const ListPlace place{.position = line.position, .line = line.line};
        if (!names || looks_like_network(line.value))
            collector.add_network(line.value, place);
        else
            collector.add_name(line.value, place);
    }
}

char first_character(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    return begin == std::string_view::npos ? '\0' : text[begin];
}

ListFormat format_of(std::string_view text) {
    const char first = first_character(text);
    return first == '{' || first == '[' ? ListFormat::automatic : ListFormat::text;
}

void read_json(std::string_view text, const std::string& file, const ListRequest& request,
               ListCollector& collector) {
    const auto root = json::parse(file, text);
    if (root)
        read_json_list(*root, request, collector);
    else
        collector.fail(
            root.error().code,
            {.position = root.error().position, .line = root.error().source_line, .path = {}},
            root.error().text);
}

void refuse_what_is_no_list(std::string_view text, ListCollector& collector) {
    if (text.contains('\0'))
        collector.fail(Code::bad_encoding, {}, "this is not text: it has octets of value 0",
                       "save the list as UTF-8");
    if (first_character(text) == '<')
        collector.fail(Code::syntax, {}, "this is a web page, not a list",
                       "download the list itself");
}

}  // namespace

std::expected<VendorList, Finding> read_vendor_list(const std::string& file, std::string_view text,
                                                    const ListRequest& request) {
    if (text.size() > max_list_size)
        return std::unexpected(too_large(file, text.size(), max_list_size));
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark))
        text.remove_prefix(byte_order_mark.size());
    ListCollector collector(file);
    refuse_what_is_no_list(text, collector);
    const ListFormat format =
        request.format == ListFormat::automatic ? format_of(text) : request.format;
    if (format == ListFormat::text || format == ListFormat::zoom)
        read_text_list(text, format == ListFormat::text, collector);
    else if (collector.ok())
        read_json(text, file, request, collector);
    return std::move(collector).finish();
}

}  // namespace octroi
