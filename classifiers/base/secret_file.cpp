#include "classifiers/base/secret_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "classifiers/base/file_descriptor.hpp"

namespace octroi {

std::expected<std::string, SecretProblem> read_secret_file(const std::string& path,
                                                           std::size_t most, mode_t forbidden) {
    // A pipe without a writer is no reason to wait.
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat status{};
    if (!file.is_open() || fstat(file.get(), &status) != 0)
        return std::unexpected(SecretProblem::unreadable);
    if (!S_ISREG(status.st_mode))
        return std::unexpected(SecretProblem::irregular);
    if ((status.st_mode & forbidden) != 0)
        return std::unexpected(SecretProblem::exposed);
    std::string text(most, '\0');
    std::size_t taken = 0;
    while (taken < most) {
        const ssize_t count = ::read(file.get(), text.data() + taken, most - taken);
        if (count == 0)
            break;
        if (count < 0 && errno != EINTR)
            return std::unexpected(SecretProblem::unreadable);
        taken += count < 0 ? 0 : static_cast<std::size_t>(count);
    }
    text.resize(taken);
    return text;
}

}  // namespace octroi
