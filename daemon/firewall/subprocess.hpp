#pragma once

#include <expected>
#include <string>
#include <vector>

namespace octroi {

struct Finished {
    int exit_code = 0;  ///< 128 + signal where it was killed
    std::string output;
    std::string errors;
};

/// Why nothing is known of what a program would have said.
struct NotRun {
    int cause = 0;  ///< errno(3): ENOENT where there is no such program
    std::string text;
};

/// Runs a program found on PATH, gives it `input` and waits for its end. Control thread only, never
/// on the packet path. The error says why it could not be started, or its streams or its end not be
/// read.
[[nodiscard]] std::expected<Finished, NotRun> run_program(const std::vector<std::string>& arguments,
                                                          const std::string& input = {});

}  // namespace octroi
