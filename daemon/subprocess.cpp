#include "daemon/subprocess.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace octroi {
namespace {

// A file in memory holds each stream of the child, so no pipe can fill up while we wait.
class MemoryFile {
  public:
    MemoryFile() : descriptor_(memfd_create("octroi", MFD_CLOEXEC)) {}

    ~MemoryFile() { close(descriptor_); }

    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    MemoryFile(MemoryFile&&) = delete;
    MemoryFile& operator=(MemoryFile&&) = delete;

    [[nodiscard]] int descriptor() const { return descriptor_; }

    [[nodiscard]] bool fill(const std::string& text) const {
        return write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
               lseek(descriptor_, 0, SEEK_SET) == 0;
    }

    [[nodiscard]] std::string contents() const {
        std::string text;
        std::array<char, 4096> chunk{};
        off_t offset = 0;
        while (true) {
            const ssize_t count = pread(descriptor_, chunk.data(), chunk.size(), offset);
            if (count <= 0)
                return text;
            text.append(chunk.data(), static_cast<std::size_t>(count));
            offset += count;
        }
    }

  private:
    int descriptor_;
};

// The child must not inherit the signals that the daemon's control thread waits for.
class Attributes {
  public:
    Attributes() {
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
    }

    ~Attributes() { posix_spawnattr_destroy(&attributes_); }

    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    Attributes(Attributes&&) = delete;
    Attributes& operator=(Attributes&&) = delete;

    [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_{};
};

std::expected<pid_t, std::string> spawn(const std::vector<std::string>& arguments,
                                        const std::array<MemoryFile, 3>& streams) {
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; ++i)
        posix_spawn_file_actions_adddup2(&actions,
                                         streams[static_cast<std::size_t>(i)].descriptor(), i);
    std::vector<std::string> copies = arguments;
    std::vector<char*> argv;
    for (std::string& argument : copies)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    const Attributes attributes;
    pid_t child = 0;
    const int error =
        posix_spawnp(&child, argv[0], &actions, attributes.get(), argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return std::unexpected(
            fmt::format("can't run {}: {}", arguments[0], std::generic_category().message(error)));
    return child;
}

int wait_for(pid_t child) {
    constexpr int signalled = 128;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : signalled + WTERMSIG(status);
}

}  // namespace

std::expected<Finished, std::string> run_program(const std::vector<std::string>& arguments,
                                                 const std::string& input) {
    const std::array<MemoryFile, 3> streams;
    if (!streams[0].fill(input))
        return std::unexpected("can't make a file in memory for the program's input");
    const auto child = spawn(arguments, streams);
    if (!child)
        return std::unexpected(child.error());
    const int exit_code = wait_for(*child);
    return Finished{
        .exit_code = exit_code, .output = streams[1].contents(), .errors = streams[2].contents()};
}

}  // namespace octroi
