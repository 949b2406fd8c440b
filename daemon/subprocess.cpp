#include "daemon/subprocess.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace octroi {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

// An unnamed file holds each stream, so no pipe can fill up while we wait.
File temporary() {
    return {std::tmpfile(), &std::fclose};
}

std::string contents(std::FILE* file) {
    std::string text;
    std::rewind(file);
    std::array<char, 4096> chunk{};
    while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), file))
        text.append(chunk.data(), count);
    return text;
}

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

}  // namespace

std::expected<Finished, std::string> run_program(const std::vector<std::string>& arguments,
                                                 const std::string& input) {
    const std::array<File, 3> streams = {temporary(), temporary(), temporary()};
    for (const File& stream : streams)
        if (!stream)
            return std::unexpected("can't make a temporary file");
    std::fwrite(input.data(), 1, input.size(), streams[0].get());
    std::fflush(streams[0].get());
    std::rewind(streams[0].get());

    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; ++i)
        posix_spawn_file_actions_adddup2(&actions,
                                         fileno(streams[static_cast<std::size_t>(i)].get()), i);
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
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    constexpr int signalled = 128;
    return Finished{
        .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : signalled + WTERMSIG(status),
        .output = contents(streams[1].get()),
        .errors = contents(streams[2].get())};
}

}  // namespace octroi
