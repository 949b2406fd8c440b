#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace octroi {

/// Why a program of the kernel's rules gave nothing.
struct RulesError {
    enum class Kind : std::uint8_t {
        absent,   ///< there is no such program
        unasked,  ///< it could not be run (no descriptor, no memory), or was ended before its
                  ///< answer
        refused   ///< it ran, and failed: what it says of itself or of the kernel
    };

    Kind kind{};
    std::string program;
    int exit_code = 0;  ///< where it refused
    std::string text;   ///< names the program, and the Debian package where that is absent
};

/// Runs one of the programs that read and write the kernel's rules (nft, iptables and its
/// relatives) and gives what it prints.
[[nodiscard]] std::expected<std::string, RulesError> ask_rules_program(
    const std::vector<std::string>& arguments, const std::string& input = {});

/// The same, for whom every error is one.
[[nodiscard]] std::expected<std::string, std::string> run_rules_program(
    const std::vector<std::string>& arguments, const std::string& input = {});

/// Whether an error means that the kernel holds no rules of that program's, rather than that nobody
/// could look: the program is absent, or it says that the kernel has no place for its rules.
[[nodiscard]] bool tells_of_no_rules(const RulesError& error);

/// The error says why nothing is known of it.
[[nodiscard]] std::expected<bool, std::string> has_rules_program(const std::string& name);

}  // namespace octroi
