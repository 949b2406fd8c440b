#include "rules/policy/loader.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "rules/services/builtin.hpp"
#include "rules/text/text_file.hpp"
#include "rules/text/yaml.hpp"

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

Parsed load_as(const StandIn& file) {
    auto parsed = yaml::load(file.read_from);
    (parsed ? parsed->file : parsed.error().file) = file.file;
    return parsed;
}

// The shipped entries, then those of `files`.
Loaded<Catalogue> build(const std::vector<StandIn>& files) {
    std::vector<Finding> findings;
    std::vector<Service> services;
    for (const BuiltinFile& file : builtin_catalogue())
        add_service(yaml::parse(std::string(file.name), std::string(file.text)), services,
                    findings);
    for (const StandIn& file : files)
        add_service(load_as(file), services, findings);
    if (!findings.empty())
        return std::unexpected(std::move(findings));
    auto catalogue = Catalogue::build(std::move(services), findings);
    if (!catalogue)
        return std::unexpected(std::move(findings));
    return std::move(*catalogue);
}

// The files of `folder`, and `stand_in` where its name has its turn.
Loaded<Catalogue> load_folder(const std::string& folder, const std::optional<StandIn>& stand_in) {
    auto names = yaml_files(folder);
    if (!names)
        return std::unexpected(std::vector{names.error()});
    std::vector<StandIn> files;
    for (const std::string& name : *names)
        if (!stand_in || name != stand_in->file)
            files.push_back({.file = name, .read_from = name});
    if (stand_in)
        files.insert(std::ranges::lower_bound(files, stand_in->file, {}, &StandIn::file),
                     *stand_in);
    return build(files);
}

}  // namespace

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

Loaded<Catalogue> load_catalogue(const std::optional<std::string>& folder) {
    return folder ? load_folder(*folder, std::nullopt) : build({});
}

Loaded<Catalogue> preview_catalogue(const std::string& folder, const StandIn& stand_in) {
    return load_folder(folder, stand_in);
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

void quote_lines(std::vector<Finding>& findings) {
    std::map<std::string, yaml::Document> files;
    for (Finding& finding : findings) {
        if (finding.position.line == 0 || !finding.source_line.empty())
            continue;
        const auto [place, fresh] = files.try_emplace(finding.file);
        if (fresh)
            place->second.text =
                read_text_file(finding.file, yaml::max_file_size).value_or(std::string());
        finding.source_line = place->second.finding(finding.code, finding.position, {}).source_line;
    }
}

}  // namespace octroi
