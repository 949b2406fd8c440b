#pragma once

#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/property.hpp"

namespace octroi::fuzz {

/// A file that no disk holds, for readers that want a path. It goes with the process, also where
/// that crashes.
class MemoryFile {
  public:
    MemoryFile() { require(descriptor_ >= 0); }

    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    MemoryFile(MemoryFile&&) = delete;
    MemoryFile& operator=(MemoryFile&&) = delete;

    ~MemoryFile() { ::close(descriptor_); }

    [[nodiscard]] const std::string& path() const { return path_; }

    /// Makes `octets` the whole content.
    void write(Bytes octets) const {
        require(::ftruncate(descriptor_, 0) == 0);
        const ssize_t written = ::pwrite(descriptor_, octets.data(), octets.size(), 0);
        require(written == static_cast<ssize_t>(octets.size()));
    }

  private:
    int descriptor_ = ::memfd_create("fuzz", MFD_CLOEXEC);
    std::string path_ = "/proc/self/fd/" + std::to_string(descriptor_);
};

}  // namespace octroi::fuzz
