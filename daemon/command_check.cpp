#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "daemon/commands.hpp"
#include "daemon/config.hpp"
#include "daemon/ruleset_loader.hpp"
#include "rules/library.hpp"
#include "rules/yaml.hpp"

namespace octroi {
namespace {

enum class FileKind : std::uint8_t { policy, service, configuration };

// By the keys that only one kind has; a file that is none of them is judged as a policy.
FileKind kind_of(const yaml::Node& root) {
    if (root.find("service") != nullptr)
        return FileKind::service;
    constexpr std::array configuration_keys = {"policy", "catalogue",  "queues",
                                               "mark",   "on_failure", "observe",
                                               "flows",  "metrics",    "events"};
    const bool configuration = std::ranges::any_of(
        configuration_keys, [&](const char* key) { return root.find(key) != nullptr; });
    return configuration && root.find("rules") == nullptr ? FileKind::configuration
                                                          : FileKind::policy;
}

std::vector<Finding> check_document(const yaml::Document& document, const Catalogue& catalogue) {
    std::vector<Finding> findings;
    switch (kind_of(document.root)) {
        case FileKind::policy:
            static_cast<void>(read_policy(document, catalogue, findings));
            break;
        case FileKind::service:
            static_cast<void>(read_service(document, findings));
            break;
        case FileKind::configuration:
            if (const auto config = load_config(document.file); !config)
                findings = config.error();
            break;
    }
    return findings;
}

}  // namespace

ExitCode execute(const CheckCommand& command) {
    const auto config = load_config(std::nullopt);
    const bool configured = !command.catalogue && config;
    const auto catalogue = load_catalogue(configured ? config->catalogue : command.catalogue);
    if (!catalogue) {
        fmt::print(stderr, "{}", render_all(catalogue.error()));
        return ExitCode::findings;
    }
    ExitCode code = ExitCode::ok;
    std::size_t total = 0;
    for (const std::string& file : command.files) {
        const auto document = yaml::load(file);
        const auto findings =
            document ? check_document(*document, *catalogue) : std::vector{document.error()};
        fmt::print(stderr, "{}", render_all(findings));
        total += findings.size();
        if (!document && document.error().code == Code::unreadable)
            code = ExitCode::failed;
        else if (!findings.empty() && code == ExitCode::ok)
            code = ExitCode::findings;
    }
    fmt::print(stderr, "{} file{} checked, {} finding{}\n", command.files.size(),
               command.files.size() == 1 ? "" : "s", total, total == 1 ? "" : "s");
    return code;
}

}  // namespace octroi
