#include "rules/library.hpp"

#include <algorithm>
#include <filesystem>

#include "rules/builtin.hpp"
#include "rules/yaml.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_catalogue_files = 4096;

using Parsed = std::expected<yaml::Document, Finding>;

void add_service(Parsed document, std::vector<Service>& services, std::vector<Finding>& findings) {
    if (!document) {
        findings.push_back(std::move(document.error()));
        return;
    }
    if (auto service = read_service(*document, findings))
        services.push_back(std::move(*service));
}

std::expected<std::vector<std::string>, Finding> yaml_files(const std::string& folder) {
    std::vector<std::string> files;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error))
        if (entry->path().extension() == ".yaml")
            files.push_back(entry->path().string());
    if (error)
        return std::unexpected(
            Finding{.code = Code::unreadable, .file = folder, .text = error.message()});
    if (files.size() > max_catalogue_files)
        return std::unexpected(
            Finding{.code = Code::too_many, .file = folder, .text = "too many catalogue files"});
    std::ranges::sort(files);
    return files;
}

}  // namespace

Loaded<Catalogue> load_catalogue(const std::optional<std::string>& folder) {
    std::vector<Finding> findings;
    std::vector<Service> services;
    for (const BuiltinFile& file : builtin_catalogue())
        add_service(yaml::parse(std::string(file.name), std::string(file.text)), services,
                    findings);
    if (folder) {
        const auto files = yaml_files(*folder);
        if (!files)
            return std::unexpected(std::vector{files.error()});
        for (const std::string& file : *files)
            add_service(yaml::load(file), services, findings);
    }
    if (!findings.empty())
        return std::unexpected(std::move(findings));
    auto catalogue = Catalogue::build(std::move(services), findings);
    if (!catalogue)
        return std::unexpected(std::move(findings));
    return std::move(*catalogue);
}

Loaded<Policy> load_policy(const std::optional<std::string>& path, const Catalogue& catalogue) {
    const BuiltinFile& shipped = builtin_policies().front();
    auto document = path ? yaml::load(*path)
                         : yaml::parse(std::string(shipped.name), std::string(shipped.text));
    if (!document)
        return std::unexpected(std::vector{std::move(document.error())});
    std::vector<Finding> findings;
    auto policy = read_policy(*document, catalogue, findings);
    if (!policy)
        return std::unexpected(std::move(findings));
    return std::move(*policy);
}

}  // namespace octroi
