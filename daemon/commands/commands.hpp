#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/commands/policy_tool.hpp"
#include "daemon/config/config.hpp"
#include "rules/refresh/vendor_list.hpp"

namespace octroi {

/// What the program ends with.
enum class ExitCode : std::uint8_t {
    ok = 0,
    findings = 1,    ///< something was found wrong in what was checked
    failed = 2,      ///< wrong usage, or input and output failed
    strict = 3,      ///< warnings under --strict
    unreachable = 4  ///< no daemon answers
};

struct RunCommand {
    std::optional<std::string> config;
    bool check = false;
};

struct ReloadCommand {
    std::optional<int> process;  ///< the daemon; nothing: the one that answers
    std::optional<std::string> config;
};

struct CheckCommand {
    std::vector<std::string> files;
    std::optional<std::string> catalogue;
    std::optional<std::string> at;  ///< when policies are looked at; default: now
    bool strict = false;
    bool json = false;
};

struct ReplayCommand {
    std::vector<std::string> files;
    std::optional<std::string> policy;
    std::optional<std::string> catalogue;
    std::optional<std::string> at;  ///< when the policy is asked; default: now
    bool json = false;
};

struct ExplainCommand {
    FlowText flow;
    std::optional<std::string> at;  ///< default: now
    std::optional<std::string> policy;
    std::optional<std::string> catalogue;
    bool json = false;
};

struct TestCommand {
    std::vector<std::string> files;
    std::optional<std::string> catalogue;
    std::optional<std::string> junit;  ///< file to write the results to as well
    bool coverage = false;
};

struct DiffCommand {
    std::string before;  ///< policy files
    std::string after;
    std::vector<std::string> captures;
    std::vector<std::string> events;
    std::optional<std::string> at;  ///< from when on; default: now
    std::optional<std::string> catalogue;
    bool json = false;
};

struct FirewallCommand {
    enum class Verb : std::uint8_t { print, install, remove, check };

    Verb verb = Verb::print;
    std::optional<Backend> backend;  ///< default: the configuration's; to remove: both
    std::optional<std::string> config;
};

struct CatalogueCommand {
    enum class Verb : std::uint8_t { list, show, lookup, check };

    Verb verb = Verb::list;
    std::string subject;  ///< a service, a name or an address
    std::optional<std::string> catalogue;
    std::optional<std::string> policy;  ///< whose NAT64 prefixes hold
};

struct RefreshCommand {
    std::string service;
    std::vector<std::string> lists;    ///< files that the vendor published
    std::optional<ListFormat> format;  ///< default: told from the list
    std::optional<AddressKind> kind;   ///< default: the first that the entry has
    std::optional<std::string> catalogue;
    std::optional<std::string> write;  ///< folder to write the new entry into; default: none
    bool allow_large_change = false;
    bool json = false;
};

struct StatusCommand {
    std::optional<std::string> config;
    std::optional<std::string> url;         ///< default: where the configuration has its metrics
    std::optional<std::string> token_file;  ///< default: the configuration's
    std::optional<std::uint32_t> unused;    ///< only rules that no flow met for so many days
    bool rules = false;
    bool json = false;
    bool watch = false;
};

struct ReportCommand {
    std::vector<std::string> events;  ///< files, gzipped or not
    std::string from;
    std::string to;
    std::string time_zone = "UTC";
    std::string title = "Compliance report";
    std::optional<std::string> output;  ///< default: stdout
    std::optional<std::string> policy;  ///< whose exemptions to list
    std::optional<std::string> catalogue;
};

struct VersionCommand {};

using Command = std::variant<VersionCommand, RunCommand, ReloadCommand, CheckCommand, ReplayCommand,
                             ExplainCommand, TestCommand, DiffCommand, FirewallCommand,
                             CatalogueCommand, RefreshCommand, StatusCommand, ReportCommand>;

/// Each does what its verb says: data on stdout, messages on stderr.
[[nodiscard]] ExitCode execute(const VersionCommand& command);
[[nodiscard]] ExitCode execute(const RunCommand& command);
[[nodiscard]] ExitCode execute(const ReloadCommand& command);
[[nodiscard]] ExitCode execute(const CheckCommand& command);
[[nodiscard]] ExitCode execute(const ReplayCommand& command);
[[nodiscard]] ExitCode execute(const ExplainCommand& command);
[[nodiscard]] ExitCode execute(const TestCommand& command);
[[nodiscard]] ExitCode execute(const DiffCommand& command);
[[nodiscard]] ExitCode execute(const FirewallCommand& command);
[[nodiscard]] ExitCode execute(const CatalogueCommand& command);
[[nodiscard]] ExitCode execute(const RefreshCommand& command);
[[nodiscard]] ExitCode execute(const StatusCommand& command);
[[nodiscard]] ExitCode execute(const ReportCommand& command);

}  // namespace octroi
