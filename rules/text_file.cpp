#include "rules/text_file.hpp"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace octroi {

Finding too_large(std::string file, std::size_t size, std::size_t limit) {
    return {.code = Code::too_large,
            .file = std::move(file),
            .text = fmt::format("the file has {} octets, more than {}", size, limit)};
}

std::expected<std::string, Finding> read_text_file(const std::string& path, std::size_t limit) {
    const auto unreadable = [&](std::string why) {
        return std::unexpected(
            Finding{.code = Code::unreadable, .file = path, .text = std::move(why)});
    };
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status))
        return unreadable("there is no such file");
    if (!std::filesystem::is_regular_file(status))
        return unreadable("this is not a regular file");
    std::ifstream stream(path, std::ios::binary);
    std::string text(limit + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad() || (!stream && !stream.eof()))
        return unreadable("the file can't be read: check its permissions");
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > limit)
        return std::unexpected(too_large(path, text.size(), limit));
    return text;
}

}  // namespace octroi
