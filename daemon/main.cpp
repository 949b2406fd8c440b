#include <exception>

#include <fmt/format.h>

#include "daemon/command_line.hpp"

int main(int argc, char** argv) {
    try {
        const auto command = octroi::parse_command_line(argc, argv);
        if (!command)
            return static_cast<int>(command.error());
        return static_cast<int>(
            std::visit([](const auto& verb) { return octroi::execute(verb); }, *command));
    } catch (const std::exception& error) {
        fmt::print(stderr, "octroi: {}\n", error.what());
        return static_cast<int>(octroi::ExitCode::failed);
    }
}
