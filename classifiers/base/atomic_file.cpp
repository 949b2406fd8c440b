#include "classifiers/base/atomic_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace octroi {
namespace {

bool write_all(int file, std::string_view text) {
    while (file >= 0 && !text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno != EINTR)
            return false;
        text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return file >= 0;
}

// What open(2) would give a new file.
mode_t mode_of_new() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
}

bool write_in_place(const std::string& path, std::string_view text) {
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    return write_all(file.get(), text) && file.close();
}

bool replace(const std::string& path, std::string_view text, mode_t mode) {
    const TemporaryFile draft(path);
    return draft.write(text, mode) && draft.rename_to(path);
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& final_path)
    : path_(final_path + ".XXXXXX"), file_(::mkostemp(path_.data(), O_CLOEXEC)) {}

TemporaryFile::~TemporaryFile() {
    if (!file_.is_open())
        return;
    const int error = errno;
    static_cast<void>(::unlink(path_.c_str()) == 0);  // after rename_to() there is none
    errno = error;
}

bool TemporaryFile::write(std::string_view text, mode_t mode) const {
    return write_all(file_.get(), text) && ::fchmod(file_.get(), mode) == 0 &&
           ::fsync(file_.get()) == 0;
}

bool TemporaryFile::rename_to(const std::string& final_path) const {
    return ::rename(path_.c_str(), final_path.c_str()) == 0;
}

std::expected<void, std::string> write_atomically(const std::string& path, std::string_view text) {
    std::error_code nowhere;
    const std::string real = std::filesystem::weakly_canonical(path, nowhere).string();
    struct stat status{};
    const bool there = ::stat(path.c_str(), &status) == 0;
    const bool written =
        there && !S_ISREG(status.st_mode)
            ? write_in_place(path, text)
            : replace(nowhere ? path : real, text, there ? status.st_mode & 07777 : mode_of_new());
    if (!written)
        return std::unexpected(
            fmt::format("can't write {}: {}", path, std::generic_category().message(errno)));
    return {};
}

}  // namespace octroi
