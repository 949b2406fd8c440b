#include "rules/text/diagnostic.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace octroi {
namespace {

constexpr std::size_t shown_line = 160;

// A long line is cut around the caret; control characters would disturb a terminal.
std::string shown(std::string_view line, std::size_t begin) {
    std::string text(line.substr(begin, shown_line));
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return text;
}

// Levenshtein distance, two rows.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
        }
    }
    return row.back();
}

}  // namespace

std::string to_string(Code code) {
    const auto number = static_cast<unsigned>(code);
    constexpr auto first_warning = static_cast<unsigned>(Code::first_warning);
    return number > first_warning ? fmt::format("W{:03}", number - first_warning)
                                  : fmt::format("E{:03}", number);
}

std::string render(const Finding& finding) {
    std::string text = finding.file;
    if (finding.position.line != 0)
        text += fmt::format(":{}:{}", finding.position.line, finding.position.column);
    text += fmt::format(": {}[{}]: {}\n", to_string(severity_of(finding.code)),
                        to_string(finding.code), finding.text);
    if (finding.position.line != 0 && !finding.source_line.empty()) {
        const std::size_t column =
            std::min(finding.position.column - 1, finding.source_line.size());
        const std::size_t begin = column > shown_line - 20 ? column - shown_line / 2 : 0;
        const std::string number = std::to_string(finding.position.line);
        text += fmt::format(" {} | {}\n", number, shown(finding.source_line, begin));
        text += fmt::format(" {:{}} | {:{}}^\n", "", number.size(), "", column - begin);
    }
    if (!finding.hint.empty())
        text += fmt::format("   hint: {}\n", finding.hint);
    return text;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
    constexpr std::size_t longest = 64;
    if (word.empty() || word.size() > longest)
        return {};
    std::string_view best;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > longest)
            continue;
        const std::size_t d = distance(word, candidate);
        if (d < best_distance) {
            best_distance = d;
            best = candidate;
        }
    }
    return best;
}

}  // namespace octroi
