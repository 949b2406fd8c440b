#pragma once

#include <cerrno>
#include <utility>

#include <unistd.h>

namespace octroi {

/// Owns a file descriptor and closes it; negative: none. Closing leaves `errno` as it was.
class FileDescriptor {
  public:
    FileDescriptor() = default;

    explicit FileDescriptor(int number) : number_(number) {}

    FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        if (this != &other) {
            reset();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }

    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;

    ~FileDescriptor() { reset(); }

    [[nodiscard]] int get() const { return number_; }

    [[nodiscard]] bool is_open() const { return number_ >= 0; }

    /// Closes it now, and says whether that went well: what was written may fail only here
    /// (close(2)). False where there is none; `errno` says why.
    [[nodiscard]] bool close() { return ::close(std::exchange(number_, -1)) == 0; }

    void reset() noexcept {
        if (number_ < 0)
            return;
        const int error = errno;
        ::close(std::exchange(number_, -1));
        errno = error;
    }

  private:
    int number_ = -1;
};

}  // namespace octroi
