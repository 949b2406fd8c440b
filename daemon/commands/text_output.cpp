#include "daemon/commands/text_output.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace octroi {

std::string endpoint_text(const Endpoint& endpoint) {
    const std::string address = to_string(endpoint.address);
    return endpoint.address.is_v4() ? fmt::format("{}:{}", address, endpoint.port)
                                    : fmt::format("[{}]:{}", address, endpoint.port);
}

std::string printable(std::string_view text) {
    std::string shown(text);
    std::ranges::replace_if(shown, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
    return shown;
}

std::string aligned(const std::vector<std::vector<std::string>>& rows, std::size_t indent) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows) {
        text.append(indent, ' ');
        for (std::size_t i = 0; i < row.size(); ++i)
            text += i + 1 == row.size() ? row[i] : fmt::format("{:{}}  ", row[i], widths[i]);
        text += '\n';
    }
    return text;
}

}  // namespace octroi
