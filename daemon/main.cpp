#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "daemon/commands/command_line.hpp"

namespace {

using octroi::ExitCode;

// A file that is opened later would be the standard output, and get what is meant for a terminal.
void fill_standard_streams() {
    while (true) {
        const int file = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (file > STDERR_FILENO)
            close(file);
        if (file < 0 || file > STDERR_FILENO)
            return;
        if (fcntl(file, F_SETFD, 0) != 0)  // children have them too
            return;
    }
}

// May be called where stderr is what fails.
void complain(std::string_view what) {
    static_cast<void>(std::fputs(fmt::format("octroi: {}\n", what).c_str(), stderr));
}

ExitCode run(int argc, char** argv) {
    const auto command = octroi::parse_command_line(argc, argv);
    return command ? std::visit([](const auto& verb) { return octroi::execute(verb); }, *command)
                   : command.error();
}

// What a full disk swallowed was not said.
ExitCode with_output_written(ExitCode code) {
    std::cout.flush();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout)
        return code;
    complain(fmt::format("can't write to the standard output: {}",
                         std::generic_category().message(errno)));
    return ExitCode::failed;
}

}  // namespace

int main(int argc, char** argv) {
    fill_standard_streams();
    // Where who starts us ignores it, nobody would tell how iptables ended.
    static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
    try {
        return static_cast<int>(with_output_written(run(argc, argv)));
    } catch (const std::exception& error) {
        complain(error.what());
        return static_cast<int>(ExitCode::failed);
    }
}
