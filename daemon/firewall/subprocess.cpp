#include "daemon/firewall/subprocess.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "classifiers/base/file_descriptor.hpp"

namespace octroi {
namespace {

std::unexpected<NotRun> failed(std::string_view what, int error) {
    return std::unexpected(
        NotRun{.cause = error,
               .text = fmt::format("{}: {}", what, std::generic_category().message(error))});
}

// A file in memory holds each stream of the child, so no pipe can fill up while we wait.
class MemoryFile {
  public:
    [[nodiscard]] static std::expected<MemoryFile, NotRun> open() {
        FileDescriptor file(memfd_create("octroi", MFD_CLOEXEC));
        if (!file.is_open())
            return failed("can't make a file in memory for a program's input and output", errno);
        return MemoryFile(std::move(file));
    }

    [[nodiscard]] int descriptor() const { return file_.get(); }

    [[nodiscard]] std::expected<void, NotRun> fill(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t written = write(file_.get(), text.data(), text.size());
            if (written < 0 && errno != EINTR)
                return failed("can't write a program's input", errno);
            text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
        }
        if (lseek(file_.get(), 0, SEEK_SET) != 0)
            return failed("can't write a program's input", errno);
        return {};
    }

    [[nodiscard]] std::expected<std::string, NotRun> contents() const {
        std::string text;
        std::array<char, 4096> chunk{};
        while (true) {
            const ssize_t count =
                pread(file_.get(), chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
            if (count == 0)
                return text;
            if (count < 0 && errno != EINTR)
                return failed("can't read what a program printed", errno);
            text.append(chunk.data(), count < 0 ? 0 : static_cast<std::size_t>(count));
        }
    }

  private:
    explicit MemoryFile(FileDescriptor file) : file_(std::move(file)) {}

    FileDescriptor file_;
};

struct Streams {
    MemoryFile input;
    MemoryFile output;
    MemoryFile errors;
};

std::expected<Streams, NotRun> open_streams() {
    auto input = MemoryFile::open();
    auto output = MemoryFile::open();
    auto errors = MemoryFile::open();
    for (const auto* file : {&input, &output, &errors})
        if (!*file)
            return std::unexpected(file->error());
    return Streams{
        .input = std::move(*input), .output = std::move(*output), .errors = std::move(*errors)};
}

// How a child begins. What can't be set up is remembered: a child without its streams would write
// into ours.
class Beginning {
  public:
    Beginning() {
        note(posix_spawn_file_actions_init(&actions_));
        note(posix_spawnattr_init(&attributes_));
    }

    ~Beginning() {
        static_cast<void>(posix_spawnattr_destroy(&attributes_));  // gives memory back
        static_cast<void>(posix_spawn_file_actions_destroy(&actions_));
    }

    Beginning(const Beginning&) = delete;
    Beginning& operator=(const Beginning&) = delete;
    Beginning(Beginning&&) = delete;
    Beginning& operator=(Beginning&&) = delete;

    void stream(const MemoryFile& file, int number) {
        note(posix_spawn_file_actions_adddup2(&actions_, file.descriptor(), number));
    }

    // The child must not inherit the signals that the daemon's control thread waits for.
    void block_no_signal() {
        sigset_t none;
        note(sigemptyset(&none) == 0 ? 0 : errno);
        note(posix_spawnattr_setsigmask(&attributes_, &none));
        note(posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK));
    }

    [[nodiscard]] std::expected<pid_t, int> spawn(char* const* argv) const {
        pid_t child = 0;
        const int error =
            error_ != 0 ? error_
                        : posix_spawnp(&child, argv[0], &actions_, &attributes_, argv, environ);
        return error == 0 ? std::expected<pid_t, int>(child) : std::unexpected(error);
    }

  private:
    void note(int error) { error_ = error_ == 0 ? error : error_; }

    int error_ = 0;
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

std::expected<pid_t, NotRun> spawn(const std::vector<std::string>& arguments,
                                   const Streams& streams) {
    Beginning beginning;
    beginning.stream(streams.input, STDIN_FILENO);
    beginning.stream(streams.output, STDOUT_FILENO);
    beginning.stream(streams.errors, STDERR_FILENO);
    beginning.block_no_signal();
    std::vector<std::string> copies = arguments;
    std::vector<char*> argv;
    for (std::string& argument : copies)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    const auto child = beginning.spawn(argv.data());
    if (!child)
        return failed(fmt::format("can't run {}", arguments[0]), child.error());
    return *child;
}

// Where nobody tells how the child ended (a parent that ignores SIGCHLD), it must not pass for well
// ended.
std::expected<int, int> wait_for(pid_t child) {
    constexpr int signalled = 128;
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return std::unexpected(errno);
    return WIFEXITED(status) ? WEXITSTATUS(status) : signalled + WTERMSIG(status);
}

}  // namespace

std::expected<Finished, NotRun> run_program(const std::vector<std::string>& arguments,
                                            const std::string& input) {
    const auto streams = open_streams();
    if (!streams)
        return std::unexpected(streams.error());
    if (const auto filled = streams->input.fill(input); !filled)
        return std::unexpected(filled.error());
    const auto child = spawn(arguments, *streams);
    if (!child)
        return std::unexpected(child.error());
    const auto exit_code = wait_for(*child);
    if (!exit_code)
        return failed(fmt::format("can't learn how {} ended", arguments[0]), exit_code.error());
    auto output = streams->output.contents();
    auto errors = streams->errors.contents();
    if (!output || !errors)
        return std::unexpected(output ? errors.error() : output.error());
    return Finished{
        .exit_code = *exit_code, .output = std::move(*output), .errors = std::move(*errors)};
}

}  // namespace octroi
