#pragma once

#include <expected>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "classifiers/base/file_descriptor.hpp"

namespace octroi {

/// A file beside `final_path`, under a name that nothing else has, that goes away unless it took
/// the final name. The catalogue does not read it: its name does not end in `.yaml`. Calls leave
/// `errno` as the system set it.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& final_path);

    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    TemporaryFile(TemporaryFile&&) = delete;
    TemporaryFile& operator=(TemporaryFile&&) = delete;
    ~TemporaryFile();

    [[nodiscard]] const std::string& path() const { return path_; }

    /// The whole text, with the permissions `mode`; it is on the disk then.
    [[nodiscard]] bool write(std::string_view text, mode_t mode) const;

    [[nodiscard]] bool rename_to(const std::string& final_path) const;

  private:
    std::string path_;
    FileDescriptor file_;
};

/// Writes a file that a user named for output. A regular file, or one that is to be made, gets the
/// text whole or not at all, also behind a symbolic link, and keeps its permissions; a pipe or a
/// device is written to. The error says why not.
[[nodiscard]] std::expected<void, std::string> write_atomically(const std::string& path,
                                                                std::string_view text);

}  // namespace octroi
