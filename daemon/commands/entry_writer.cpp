#include "daemon/commands/entry_writer.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "classifiers/base/atomic_file.hpp"
#include "classifiers/base/file_descriptor.hpp"
#include "rules/policy/loader.hpp"
#include "rules/services/service_writer.hpp"

namespace octroi {
namespace {

using Problems = std::vector<Finding>;

constexpr mode_t readable_by_all = 0644;  // the daemon's user among them

Finding failed(const std::string& path, std::string_view what) {
    return {.code = Code::unreadable,
            .file = path,
            .text = fmt::format("{}: {}", what, std::generic_category().message(errno))};
}

// A rename is on the disk when its folder is.
void sync_folder(const std::string& folder) {
    const FileDescriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Some file systems can't; the file itself is there.
    static_cast<void>(opened.is_open() && ::fsync(opened.get()) == 0);
}

std::string place_in(const std::string& folder, const std::string& service) {
    return (std::filesystem::path(folder) / (service + ".yaml")).string();
}

// What would be wrong with the catalogue of `folder` once the file is in its place.
Problems preview(const std::string& folder, const StandIn& file, Service entry) {
    const auto catalogue = preview_catalogue(folder, file);
    if (!catalogue)
        return catalogue.error();
    const Service* found = catalogue->find(entry.name);
    entry.file = file.file;
    if (found != nullptr && *found == entry)
        return {};
    if (found != nullptr && found->file != file.file)
        return {{.code = Code::conflicting_claim,
                 .file = file.file,
                 .text = fmt::format("{} has an entry of `{}` too, and takes its place",
                                     found->file, entry.name),
                 .hint = "keep one file a service"}};
    return {{.code = Code::bad_value,
             .file = file.file,
             .text = "the entry does not read back as it was meant"}};
}

std::string text_of(const Service& entry) {
    return "# By `octroi catalogue refresh`. Comments of the entry before are not kept.\n" +
           to_yaml(entry);
}

}  // namespace

std::expected<std::string, Problems> install_entry(const std::vector<std::string>& folders,
                                                   const Service& entry) {
    std::string path = place_in(folders.front(), entry.name);
    const TemporaryFile file(path);
    if (!file.write(text_of(entry), readable_by_all))
        return std::unexpected(Problems{failed(path, "the entry can't be written")});
    for (const std::string& folder : folders) {
        auto problems = preview(
            folder, {.file = place_in(folder, entry.name), .read_from = file.path()}, entry);
        if (!problems.empty())
            return std::unexpected(std::move(problems));
    }
    if (!file.rename_to(path))
        return std::unexpected(Problems{failed(path, "the entry can't be put in its place")});
    sync_folder(folders.front());
    return path;
}

}  // namespace octroi
