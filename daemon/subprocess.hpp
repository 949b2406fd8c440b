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

/// Runs a program found on PATH, gives it `input` and waits for its end. Control thread only, never
/// on the packet path. The error says why it could not be started.
[[nodiscard]] std::expected<Finished, std::string> run_program(
    const std::vector<std::string>& arguments, const std::string& input = {});

}  // namespace octroi
