#include "daemon/confinement/confinement.hpp"

#include <cstdlib>
#include <filesystem>

#include <spdlog/spdlog.h>

#include "daemon/confinement/capabilities.hpp"
#include "daemon/confinement/landlock.hpp"
#include "daemon/confinement/syscall_filter.hpp"
#include "daemon/version.hpp"

namespace octroi {
namespace {

// Sanitizers make system calls of their own, at the exit even another process.
constexpr bool filtered = std::string_view(sanitizers).empty();

std::filesystem::path folder_of(const std::filesystem::path& file) {
    const auto folder = file.parent_path();
    return folder.empty() ? "." : folder;
}

// The file's folder, with lists and included folders in it, and the one that a symbolic link leads
// to now.
void add_folders_of(std::vector<std::string>& paths, const std::string& file) {
    std::error_code error;
    paths.push_back(folder_of(file).string());
    const auto real = std::filesystem::canonical(file, error);
    if (!error)
        paths.push_back(folder_of(real).string());
}

void add_files_of(FileAccess& access, const EventSettings& events) {
    const Pseudonyms::Settings& pseudonyms = events.format.pseudonyms;
    if (events.file)
        access.write.push_back(folder_of(events.file->path).string());
    for (const std::string& file : {pseudonyms.key_file, pseudonyms.secret_file})
        if (!file.empty())
            access.read.push_back(file);
    if (!pseudonyms.key_file.empty())
        access.write.push_back(folder_of(pseudonyms.key_file).string());
}

FileAccess needed_by(const Config& config) {
    FileAccess access{
        .execute = {"/usr", "/lib", "/lib64", "/bin", "/sbin"},
        .read = {"/proc", "/sys/devices/system", "/dev/null", "/dev/urandom", "/etc/ld.so.cache",
                 "/etc/ssl/openssl.cnf", "/etc/localtime", "/etc/nsswitch.conf", "/etc/protocols",
                 "/etc/services", "/etc/ethertypes", "/etc/iproute2"},
        .write = {"/dev/null"}};
    if (config.policy)
        add_folders_of(access.read, *config.policy);
    if (config.catalogue)
        access.read.push_back(*config.catalogue);
    if (const std::string state = state_folder(config); !state.empty()) {
        access.read.push_back(state);
        access.write.push_back(state);
    }
    if (config.token_file)
        access.read.push_back(*config.token_file);
    if (config.events)
        add_files_of(access, *config.events);
    return access;
}

}  // namespace

std::expected<void, std::string> confine_files_and_capabilities(const Config& config) {
    if (!may_administer_network())
        return {};  // the start itself says what is missing
    if (auto kept = keep_network_administration_only(); !kept)
        return kept;
    const auto landlock = restrict_files(needed_by(config));
    if (!landlock)
        return std::unexpected(landlock.error());
    if (*landlock == 0)
        spdlog::warn(
            "this kernel has no Landlock: only file permissions restrict what octroi reads");
    return {};
}

std::expected<void, std::string> confine_calls() {
    if (filtered)
        return filter_process_calls();
    spdlog::warn("system calls are not filtered: this is a build with {}", sanitizers);
    return {};
}

void confine_worker_calls() {
    if (!filtered)
        return;
    if (const auto confined = filter_worker_calls(); !confined) {
        spdlog::critical("{}", confined.error());
        std::abort();
    }
}

}  // namespace octroi
