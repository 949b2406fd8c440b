#include "daemon/config/config_files.hpp"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "daemon/config/token_file.hpp"

namespace octroi {
namespace {

namespace fs = std::filesystem;

struct NamedFile {
    std::string_view key;
    fs::path path;
};

std::vector<NamedFile> named_files(const Config& config) {
    std::vector<NamedFile> files;
    const auto add = [&](std::string_view key, const std::string& path) {
        if (!path.empty())
            files.push_back({key, path});
    };
    add("the configuration", config.file);
    add("`policy`", config.policy.value_or(""));
    add("`token_file`", config.token_file.value_or(""));
    if (config.events) {
        const Pseudonyms::Settings& pseudonyms = config.events->format.pseudonyms;
        if (config.events->file)
            add("`events: file`", config.events->file->path);
        add("`pseudonym_key`", pseudonyms.key_file);
        add("`pseudonym_secret`", pseudonyms.secret_file);
    }
    return files;
}

bool is_one_file(const fs::path& one, const fs::path& other) {
    std::error_code ignored;
    return fs::equivalent(one, other, ignored) ||
           fs::weakly_canonical(fs::absolute(one, ignored), ignored) ==
               fs::weakly_canonical(fs::absolute(other, ignored), ignored);
}

// Of a file that the daemon makes, or goes on with.
void check_place(std::vector<std::string>& problems, std::string_view key,
                 const std::string& path) {
    std::error_code error;
    const fs::path folder = fs::path(path).parent_path();
    const auto status = fs::status(path, error);
    if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_character_file(status))
        problems.push_back(fmt::format("{}: {} is no file", key, path));
    else if (!fs::is_directory(folder.empty() ? "." : folder, error))
        problems.push_back(fmt::format("{}: there is no folder {}", key, folder.string()));
}

}  // namespace

std::vector<std::string> files_named_twice(const Config& config) {
    std::vector<std::string> problems;
    const auto files = named_files(config);
    for (std::size_t i = 0; i < files.size(); ++i)
        for (std::size_t j = i + 1; j < files.size(); ++j)
            if (is_one_file(files[i].path, files[j].path))
                problems.push_back(fmt::format("{} and {} are the same file, {}", files[i].key,
                                               files[j].key, files[j].path.string()));
    return problems;
}

std::vector<std::string> problems_with_named_files(const Config& config) {
    std::vector<std::string> problems = files_named_twice(config);
    if (const auto token = read_token(config.token_file); !token)
        problems.push_back(token.error());
    if (!config.events || !problems.empty())
        return problems;
    const Pseudonyms::Settings& pseudonyms = config.events->format.pseudonyms;
    if (config.events->file)
        check_place(problems, "`events: file`", config.events->file->path);
    if (!pseudonyms.key_file.empty())
        check_place(problems, "`pseudonym_key`", pseudonyms.key_file);
    if (const auto usable = Pseudonyms::check(pseudonyms); !usable)
        problems.push_back(usable.error());
    return problems;
}

}  // namespace octroi
