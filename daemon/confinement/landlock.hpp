#pragma once

#include <expected>
#include <string>
#include <vector>

namespace octroi {

/// Files and folders, with all that is beneath them, that stay usable. What does not exist is
/// passed over.
struct FileAccess {
    std::vector<std::string> execute;  ///< programs and libraries; may be read too
    std::vector<std::string> read;
    std::vector<std::string> write;  ///< to list, write, make and remove files, not to read them
};

/// From here on this thread, those that it starts and the programs that it runs can use no other
/// files than these (Landlock). What is open stays usable. Needs no_new_privs. Gives the kernel's
/// version of Landlock; 0: it has none, and nothing is restricted. The error is what to tell the
/// administrator.
[[nodiscard]] std::expected<int, std::string> restrict_files(const FileAccess& access);

}  // namespace octroi
