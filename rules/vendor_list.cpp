#include "rules/vendor_list.hpp"

#include <algorithm>

#include "rules/json.hpp"
#include "rules/list_collector.hpp"
#include "rules/text_file.hpp"
#include "rules/vendor_json.hpp"

namespace octroi {
namespace {

constexpr std::string_view blank = " \t\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

// No name has a colon or a slash, and none ends in a label of digits alone (RFC 3696 2).
bool looks_like_network(std::string_view word) {
    const std::string_view rooted = word.substr(0, word.size() - (word.ends_with('.') ? 1 : 0));
    const std::string_view last = rooted.substr(rooted.rfind('.') + 1);
    return word.find_first_of(":/") != std::string_view::npos ||
           last.find_first_not_of("0123456789") == std::string_view::npos;
}

// One network or name a line; `#` starts a comment.
void read_text_list(std::string_view text, bool names, ListCollector& collector) {
    for (std::size_t number = 1; !text.empty() && collector.ok(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::string_view word = trimmed(line.substr(0, line.find('#')));
        if (word.empty())
            continue;
        const auto column = static_cast<std::size_t>(word.data() - line.data()) + 1;
        const ListPlace place{.position = {.line = number, .column = column}, .line = line};
        if (!names || looks_like_network(word))
            collector.add_network(word, place);
        else
            collector.add_name(word, place);
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
