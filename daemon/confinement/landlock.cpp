#include "daemon/confinement/landlock.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "classifiers/base/file_descriptor.hpp"

namespace octroi {
namespace {

using Rights = std::uint64_t;

// Debian 12's headers end with version 2 of Landlock; kernels that know more are asked for it.
constexpr Rights truncate_right = 1U << 14U;  // version 3
constexpr Rights device_right = 1U << 15U;    // version 5

constexpr Rights reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr Rights executing = reading | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr Rights writing = LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
                           LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                           truncate_right;
// A rule on a file may name these alone.
constexpr Rights of_a_file = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                             LANDLOCK_ACCESS_FS_EXECUTE | truncate_right;

// What a kernel of this version can forbid: all of it is forbidden unless a rule allows it.
Rights handled_by(int version) {
    constexpr Rights first = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;
    return first | (version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
           (version >= 3 ? truncate_right : 0) | (version >= 5 ? device_right : 0);
}

// glibc has no functions for these calls.
bool allow(const FileDescriptor& ruleset, const std::string& path, Rights rights) {
    const FileDescriptor place(open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat status{};
    if (!place.is_open() || fstat(place.get(), &status) != 0)
        return true;
    const landlock_path_beneath_attr rule = {
        .allowed_access = S_ISDIR(status.st_mode) ? rights : rights & of_a_file,
        .parent_fd = place.get()};
    return syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

bool allow_each(const FileDescriptor& ruleset, const std::vector<std::string>& paths,
                Rights rights) {
    return std::ranges::all_of(
        paths, [&](const std::string& path) { return allow(ruleset, path, rights); });
}

}  // namespace

std::expected<int, std::string> restrict_files(const FileAccess& access) {
    const auto failed = [] {
        return std::unexpected(fmt::format("Landlock refuses what octroi asks for: {}",
                                           std::generic_category().message(errno)));
    };
    const int abi = static_cast<int>(
        syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
    if (abi <= 0)
        return 0;
    const Rights handled = handled_by(abi);
    const landlock_ruleset_attr attributes{.handled_access_fs = handled};
    const FileDescriptor ruleset(
        static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
    if (!ruleset.is_open() || !allow_each(ruleset, access.execute, executing & handled) ||
        !allow_each(ruleset, access.read, reading & handled) ||
        !allow_each(ruleset, access.write, writing & handled) ||
        syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        return failed();
    return abi;
}

}  // namespace octroi
