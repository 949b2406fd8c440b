#pragma once

#include <expected>
#include <string>
#include <vector>

namespace octroi {

/// Runs one of the programs that read and write the kernel's rules (nft, iptables and its
/// relatives) and gives what it prints. The error names the program, and the Debian package where
/// it is not there.
[[nodiscard]] std::expected<std::string, std::string> run_rules_program(
    const std::vector<std::string>& arguments, const std::string& input = {});

[[nodiscard]] bool has_rules_program(const std::string& name);

}  // namespace octroi
