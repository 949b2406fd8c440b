#include "rules/text/list_lines.hpp"

namespace octroi {
namespace {

constexpr std::string_view white_space = " \t\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(white_space);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

}  // namespace

ListLine ListLines::next() {
    while (!rest_.empty()) {
        ++number_;
        const std::size_t end = rest_.find('\n');
        const std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        const std::string_view value = trimmed(line.substr(0, line.find('#')));
        if (value.empty())
            continue;
        const auto column = static_cast<std::size_t>(value.data() - line.data()) + 1;
        return {.value = value, .position = {.line = number_, .column = column}, .line = line};
    }
    return {};
}

bool looks_like_network(std::string_view value) {
    const std::string_view rooted = value.substr(0, value.size() - (value.ends_with('.') ? 1 : 0));
    const std::string_view last = rooted.substr(rooted.rfind('.') + 1);
    return value.find_first_of(":/") != std::string_view::npos ||
           last.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace octroi
