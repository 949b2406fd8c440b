#include "daemon/commands/command_line.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

namespace octroi {
namespace {

constexpr const char* config_help =
    "Configuration file (default /etc/octroi/octroi.yaml, else built-in)";
constexpr const char* at_help =
    "When: 2026-12-01 or 2026-12-01T08:00 in the policy's time zone (default: now)";
constexpr const char* backend_help = "Which program's rules (default: the configuration's)";
constexpr const char* catalogue_help = "Folder with catalogue files that add to the shipped ones";

void add_run(CLI::App& program, RunCommand& command) {
    CLI::App* verb = program.add_subcommand("run", "Run the daemon in the foreground");
    verb->add_option("--config", command.config, config_help)->type_name("FILE");
    verb->add_flag("--check", command.check, "Load configuration, catalogue and policy, then exit");
    verb->footer("Example: octroi run --config /etc/octroi/octroi.yaml");
}

void add_reload(CLI::App& program, ReloadCommand& command) {
    CLI::App* verb = program.add_subcommand(
        "reload", "Let a running daemon read policy and catalogue anew, and tell the result");
    constexpr int most = 1 << 22;  // proc(5), pid_max
    verb->add_option("--pid", command.process,
                     "The daemon's process (default: the one that answers where the configuration "
                     "says)")
        ->type_name("PID")
        ->check(CLI::Range(1, most).name(""));
    verb->add_option("--config", command.config, config_help)->type_name("FILE");
    verb->footer(
        "Example: octroi reload\n"
        "Exit code: 0 in force, 1 refused and the old policy stays, 2 the daemon can't be asked");
}

void add_check(CLI::App& program, CheckCommand& command) {
    CLI::App* verb = program.add_subcommand(
        "check", "Check files of policies, tests, catalogue and configuration");
    verb->add_option("FILE", command.files, "Files to check; files of tests too")->required();
    verb->add_option("--catalogue", command.catalogue, catalogue_help)->type_name("DIR");
    verb->add_option("--at", command.at, at_help)->type_name("TIME");
    verb->add_flag("--strict", command.strict, "Exit with 3 where there are warnings");
    verb->add_flag("--json", command.json, "One JSON object a line and finding, on stdout");
    verb->footer(
        "Example: octroi check --strict policy.yaml policy_test.yaml catalogue.d/acme.yaml\n"
        "Exit code: 0 usable, 1 errors, 2 a file can't be read, 3 warnings under --strict");
}

void add_replay(CLI::App& program, ReplayCommand& command) {
    CLI::App* verb =
        program.add_subcommand("replay", "Run the engine over captures and print a line a flow");
    verb->add_option("FILE", command.files, "Captures, pcap or pcapng; - is stdin")->required();
    verb->add_option("--policy", command.policy,
                     "Policy file (default: the configured one, else the shipped one)")
        ->type_name("FILE");
    verb->add_option("--catalogue", command.catalogue, catalogue_help)->type_name("DIR");
    verb->add_option("--at", command.at, at_help)->type_name("TIME");
    verb->add_flag("--json", command.json, "One JSON object a line and flow");
    verb->footer(
        "Example: octroi replay --json --policy policy.yaml gateway.pcap\n"
        "Fragments are put together, packets with a wrong checksum left out, tunnels taken off: IP "
        "in "
        "IP, GRE, ERSPAN, PPTP, EtherIP, MPLS, GTP-U, VXLAN, Geneve, CAPWAP, Teredo, L2TP\n"
        "Exit code: 0 read to the end, 1 a capture ends early, 2 a file can't be used");
}

void add_explain(CLI::App& program, ExplainCommand& command) {
    CLI::App* verb = program.add_subcommand(
        "explain", "What a policy decides on a flow, and what each rule says of it");
    verb->add_option("--client", command.flow.client, "The client's address")
        ->type_name("ADDRESS")
        ->required();
    verb->add_option("--name", command.flow.name, "The name that it asks for");
    verb->add_option("--address", command.flow.address, "The server's address");
    verb->add_option("--port", command.flow.port, "The server's port");
    verb->add_option("--transport", command.flow.transport, "tcp, udp, icmp or other");
    verb->add_option("--protocol", command.flow.protocol, "The protocol, as nDPI names it: DNS");
    verb->add_option("--application", command.flow.application,
                     "The application, as nDPI names it, or webrtc-call");
    verb->add_option("--strength", command.flow.strength,
                     "How far the service is believed: guessed");
    verb->add_option("--interface", command.flow.interface,
                     "The interface that the client is behind: a zone's, or none")
        ->type_name("NAME");
    verb->add_option("--ech", command.flow.ech,
                     "true: its ClientHello is an outer one, of an encrypted one")
        ->type_name("true|false");
    verb->add_option("--service", command.flow.service,
                     "The service, in place of what name and address say; none: no service");
    verb->add_option("--exception", command.flow.exception,
                     "Why nothing could be learned of it, in the word of a policy: unreadable")
        ->type_name("WORD");
    verb->add_option("--at", command.at, at_help)->type_name("TIME");
    verb->add_option("--policy", command.policy,
                     "Policy file (default: the configured one, else the shipped one)")
        ->type_name("FILE");
    verb->add_option("--catalogue", command.catalogue, catalogue_help)->type_name("DIR");
    verb->add_flag("--json", command.json, "One JSON object");
    verb->footer(
        "Example: octroi explain --client 10.20.4.7 --name us05web.zoom.us --at 2026-12-02T10:00");
}

void add_test(CLI::App& program, TestCommand& command) {
    CLI::App* verb = program.add_subcommand("test", "Run the tests of policies");
    verb->add_option("FILE", command.files, "Files of tests")->required();
    verb->add_option("--catalogue", command.catalogue, catalogue_help)->type_name("DIR");
    verb->add_option("--junit", command.junit, "Write the results as JUnit XML")->type_name("FILE");
    verb->add_flag("--coverage", command.coverage, "Name the rules that no test reaches");
    verb->footer(
        "Example: octroi test --coverage policy_test.yaml\n"
        "Exit code: 0 all passed, 1 some failed, 2 a file can't be used");
}

void add_diff(CLI::App& program, DiffCommand& command) {
    CLI::App* verb = program.add_subcommand("diff", "What changes from one policy to another");
    verb->add_option("OLD", command.before, "Policy file")->required();
    verb->add_option("NEW", command.after, "Policy file")->required();
    verb->add_option("--capture", command.captures,
                     "Captures, pcap or pcapng: which of their flows fare otherwise")
        ->type_name("FILE");
    verb->add_option("--events", command.events,
                     "Files of decision events: which of their flows fare otherwise")
        ->type_name("FILE");
    verb->add_option("--at", command.at,
                     "From when on, and when captures and events are asked about: 2026-12-01 or "
                     "2026-12-01T08:00 in the time zone of NEW (default: now; events at their own "
                     "time)")
        ->type_name("TIME");
    verb->add_option("--catalogue", command.catalogue, catalogue_help)->type_name("DIR");
    verb->add_flag("--json", command.json, "One JSON object");
    verb->footer(
        "Example: octroi diff /etc/octroi/policy.yaml policy.new.yaml --capture gateway.pcap\n"
        "Exit code: 0 same, 1 differs, 2 a file can't be used, or not whole and no difference "
        "found");
}

// An option that takes one word of a closed set.
template <typename Value, std::size_t size>
void add_choice(CLI::App& verb, const char* option, Value& value, const char* help,
                const std::array<std::string_view, size>& words) {
    using Set = typename Value::value_type;
    verb.add_option_function<std::string>(
            option,
            [&value, &words](const std::string& word) {
                value = static_cast<Set>(std::ranges::find(words, word) - words.begin());
            },
            help)
        ->check(CLI::IsMember(std::vector<std::string>(words.begin(), words.end())));
}

void add_firewall(CLI::App& program, FirewallCommand& command) {
    CLI::App* verb =
        program.add_subcommand("firewall", "Print, install, remove or check the kernel's rules");
    verb->require_subcommand(1);
    const auto add = [&](const char* name, const char* help, FirewallCommand::Verb value) {
        CLI::App* action = verb->add_subcommand(name, help);
        action->add_option("--config", command.config, config_help)->type_name("FILE");
        add_choice(*action, "--backend", command.backend,
                   value == FirewallCommand::Verb::remove ? "Only these rules (default: all)"
                                                          : backend_help,
                   backend_words);
        action->callback([&command, value] { command.verb = value; });
    };
    add("print", "Print the rules as nft, or iptables-restore and ip6tables-restore, take them",
        FirewallCommand::Verb::print);
    add("install", "Install the rules; does nothing where they are there",
        FirewallCommand::Verb::install);
    add("remove", "Take octroi's rules away, nothing else", FirewallCommand::Verb::remove);
    add("check", "Say what differs between the kernel's rules and ours",
        FirewallCommand::Verb::check);
    verb->footer("Example: octroi firewall install --config /etc/octroi/octroi.yaml");
}

void add_refresh(CLI::App& catalogue, RefreshCommand& command) {
    CLI::App* verb = catalogue.add_subcommand(
        "refresh", "Compare a service with the lists that its vendor publishes");
    verb->add_option("SERVICE", command.service, "A service's name")->required();
    verb->add_option("--from", command.lists, "Lists that were downloaded")
        ->type_name("FILE")
        ->required();
    add_choice(*verb, "--format", command.format, "How to read them (default auto)",
               list_format_names);
    add_choice(*verb, "--kind", command.kind, "Which networks (default: the first that it has)",
               address_kind_names);
    verb->add_option("--write", command.write, "Write the new entry into this folder")
        ->type_name("DIR");
    verb->add_option("--catalogue", command.catalogue, catalogue_help)->type_name("DIR");
    verb->add_flag("--allow-large-change", command.allow_large_change,
                   "Also where more than 30 % of the entry changes");
    verb->add_flag("--json", command.json, "The difference as one JSON object");
    verb->footer(
        "Example: octroi catalogue refresh zoom --from Zoom.txt --write /etc/octroi/catalogue.d\n"
        "Exit code: 0 same or written, 1 differs or refused, 2 a list or the catalogue can't be "
        "read");
}

CLI::App* add_catalogue(CLI::App& program, CatalogueCommand& command, RefreshCommand& refresh) {
    CLI::App* verb = program.add_subcommand("catalogue", "Look into the catalogue of services");
    verb->require_subcommand(1);
    const auto add = [&](const char* name, const char* help, CatalogueCommand::Verb value) {
        CLI::App* action = verb->add_subcommand(name, help);
        action->add_option("--catalogue", command.catalogue, catalogue_help)->type_name("DIR");
        action->callback([&command, value] { command.verb = value; });
        return action;
    };
    add("list", "All services, a line each", CatalogueCommand::Verb::list);
    add("show", "One service with its identifiers and their sources", CatalogueCommand::Verb::show)
        ->add_option("SERVICE", command.subject, "A service's name")
        ->required();
    CLI::App* lookup =
        add("lookup", "Which service owns a name or an address", CatalogueCommand::Verb::lookup);
    lookup->add_option("NAME-or-ADDRESS", command.subject, "us05web.zoom.us, 170.114.52.2")
        ->required();
    lookup
        ->add_option("--policy", command.policy,
                     "Whose `nat64` prefixes to know (default: the configuration's policy)")
        ->type_name("FILE");
    add("check", "Check all catalogue files together", CatalogueCommand::Verb::check);
    add_refresh(*verb, refresh);
    verb->footer("Example: octroi catalogue lookup us05web.zoom.us");
    return verb;
}

void add_status(CLI::App& program, StatusCommand& command) {
    CLI::App* verb = program.add_subcommand("status", "What a running daemon does");
    verb->add_option("--config", command.config, config_help)->type_name("FILE");
    verb->add_option("--url", command.url, "Where it serves its metrics, in place of --config's")
        ->type_name("URL");
    verb->add_option("--token-file", command.token_file,
                     "The secret that it asks for (default: --config's)")
        ->type_name("FILE");
    verb->add_flag("--rules", command.rules, "The rules: flows decided, and when the last one was");
    verb->add_option("--unused", command.unused, "Only rules that no flow met for so many days")
        ->type_name("DAYS");
    verb->add_flag("--watch", command.watch, "Again every two seconds, until interrupted");
    verb->add_flag("--json", command.json, "One JSON object");
    verb->footer(
        "Example: octroi status --rules --unused 30\n"
        "Exit code: 0 ok, 2 wrong usage, 4 no daemon answers");
}

void add_report(CLI::App& program, ReportCommand& command) {
    CLI::App* verb = program.add_subcommand("report", "Write a compliance report from events");
    verb->add_option("EVENTS", command.events, "Files of events, gzipped or not")->required();
    verb->add_option("--from", command.from, "The first day or moment: 2026-12-01")
        ->type_name("TIME")
        ->required();
    verb->add_option("--to", command.to, "The last day, or the moment to end before")
        ->type_name("TIME")
        ->required();
    verb->add_option("--time-zone", command.time_zone, "Whose days these are (default UTC)")
        ->type_name("ZONE");
    verb->add_option("--output", command.output, "Where to write it (default: stdout)")
        ->type_name("FILE");
    verb->add_option("--title", command.title, "Its title (default: Compliance report)");
    verb->add_option("--policy", command.policy, "List the exemptions of this policy")
        ->type_name("FILE");
    verb->add_option("--catalogue", command.catalogue, catalogue_help)->type_name("DIR");
    verb->footer(
        "Example: octroi report --from 2026-12-01 --to 2026-12-31 --output december.html "
        "/var/log/octroi/events*.jsonl*\n"
        "Exit code: 0 written, 1 written but events are missing or broken, 2 not written");
}

// All verbs with what the command line said to each; one of them was asked for.
class Verbs {
  public:
    explicit Verbs(CLI::App& program);

    /// After the command line was parsed.
    [[nodiscard]] Command chosen(const std::string& verb) const;

  private:
    RunCommand run_;
    ReloadCommand reload_;
    CheckCommand check_;
    ReplayCommand replay_;
    ExplainCommand explain_;
    TestCommand test_;
    DiffCommand diff_;
    FirewallCommand firewall_;
    CatalogueCommand catalogue_;
    RefreshCommand refresh_;
    StatusCommand status_;
    ReportCommand report_;
    const CLI::App* catalogue_verb_ = nullptr;
};

Verbs::Verbs(CLI::App& program) {
    add_run(program, run_);
    add_reload(program, reload_);
    add_check(program, check_);
    add_replay(program, replay_);
    add_explain(program, explain_);
    add_test(program, test_);
    add_diff(program, diff_);
    add_firewall(program, firewall_);
    catalogue_verb_ = add_catalogue(program, catalogue_, refresh_);
    add_status(program, status_);
    add_report(program, report_);
    program.add_subcommand("version", "Print the version and what it was built with");
}

Command Verbs::chosen(const std::string& verb) const {
    if (verb == "run")
        return run_;
    if (verb == "reload")
        return reload_;
    if (verb == "check")
        return check_;
    if (verb == "replay")
        return replay_;
    if (verb == "explain")
        return explain_;
    if (verb == "test")
        return test_;
    if (verb == "diff")
        return diff_;
    if (verb == "firewall")
        return firewall_;
    if (verb == "status")
        return status_;
    if (verb == "report")
        return report_;
    if (verb == "catalogue" && catalogue_verb_->got_subcommand("refresh"))
        return refresh_;
    if (verb == "catalogue")
        return catalogue_;
    return VersionCommand{};
}

bool has_verb(CLI::App& program, const std::string& word) {
    return std::ranges::any_of(program.get_subcommands([](const CLI::App*) { return true; }),
                               [&](const CLI::App* verb) { return verb->check_name(word); });
}

}  // namespace

std::expected<Command, ExitCode> parse_command_line(int argc, const char* const* argv) {
    CLI::App program(
        "octroi: recognises the online services that flows belong to, and enforces an egress "
        "policy",
        "octroi");
    program.require_subcommand(1);
    const Verbs verbs(program);
    program.footer(
        "Exit codes: 0 ok, 1 something found, 2 wrong usage or input/output failed; a verb's help "
        "tells its others.\n"
        "`octroi VERB --help` shows each verb's options and an example.");
    if (argc > 1 && *argv[1] != '-' && !has_verb(program, argv[1])) {
        std::cerr << "octroi: `" << argv[1] << "` is no verb: `octroi --help` lists them\n";
        return std::unexpected(ExitCode::failed);
    }
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return std::unexpected(program.exit(error) == 0 ? ExitCode::ok : ExitCode::failed);
    }
    return verbs.chosen(program.get_subcommands().front()->get_name());
}

}  // namespace octroi
