#include "daemon/commands/command_line.hpp"

#include <iostream>
#include <sstream>

#include <doctest/doctest.h>

using namespace octroi;

namespace {

// Takes what is printed while it lives.
class Printed {
  public:
    Printed()
        : output_before_(std::cout.rdbuf(output_.rdbuf())),
          errors_before_(std::cerr.rdbuf(errors_.rdbuf())) {}

    Printed(const Printed&) = delete;
    Printed& operator=(const Printed&) = delete;
    Printed(Printed&&) = delete;
    Printed& operator=(Printed&&) = delete;

    ~Printed() {
        std::cout.rdbuf(output_before_);
        std::cerr.rdbuf(errors_before_);
    }

    [[nodiscard]] std::string output() const { return output_.str(); }

    [[nodiscard]] std::string errors() const { return errors_.str(); }

  private:
    std::ostringstream output_;
    std::ostringstream errors_;
    std::streambuf* output_before_;
    std::streambuf* errors_before_;
};

std::expected<Command, ExitCode> parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "octroi");
    return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

template <typename Verb>
Verb parsed(const std::vector<const char*>& arguments) {
    const auto command = parse(arguments);
    REQUIRE(command);
    REQUIRE(std::holds_alternative<Verb>(*command));
    return std::get<Verb>(*command);
}

}  // namespace

TEST_SUITE("command line") {
    TEST_CASE("run") {
        CHECK_FALSE(parsed<RunCommand>({"run"}).config);
        CHECK_FALSE(parsed<RunCommand>({"run"}).check);
        const auto run = parsed<RunCommand>({"run", "--config", "/c.yaml", "--check"});
        CHECK(run.config == "/c.yaml");
        CHECK(run.check);
    }

    TEST_CASE("check") {
        const auto check = parsed<CheckCommand>({"check", "a.yaml", "b.yaml", "--catalogue", "d"});
        CHECK(check.files == std::vector<std::string>{"a.yaml", "b.yaml"});
        CHECK(check.catalogue == "d");
    }

    TEST_CASE("replay") {
        const auto plain = parsed<ReplayCommand>({"replay", "a.pcap", "-"});
        CHECK(plain.files == std::vector<std::string>{"a.pcap", "-"});
        CHECK_FALSE(plain.json);
        CHECK_FALSE(plain.policy);
        const auto json = parsed<ReplayCommand>(
            {"replay", "--json", "--policy", "p.yaml", "--catalogue=d", "a.pcap"});
        CHECK(json.json);
        CHECK(json.policy == "p.yaml");
        CHECK(json.catalogue == "d");
        CHECK(json.files == std::vector<std::string>{"a.pcap"});
    }

    TEST_CASE("explain") {
        const auto plain = parsed<ExplainCommand>({"explain", "--client", "10.20.4.7"});
        CHECK(plain.flow.client == "10.20.4.7");
        CHECK_FALSE(plain.flow.name);
        CHECK_FALSE(plain.at);
        CHECK_FALSE(plain.json);
        const auto full = parsed<ExplainCommand>(
            {"explain", "--client",    "::1",  "--name",      "zoom.us",     "--address",
             "::2",     "--port",      "443",  "--transport", "udp",         "--protocol",
             "QUIC",    "--service",   "zoom", "--at",        "2026-12-01",  "--policy",
             "p.yaml",  "--catalogue", "d",    "--json",      "--exception", "unreadable"});
        CHECK(full.flow.name == "zoom.us");
        CHECK(full.flow.address == "::2");
        CHECK(full.flow.port == "443");
        CHECK(full.flow.transport == "udp");
        CHECK(full.flow.protocol == "QUIC");
        CHECK(full.flow.service == "zoom");
        CHECK(full.flow.exception == "unreadable");
        CHECK(full.at == "2026-12-01");
        CHECK(full.policy == "p.yaml");
        CHECK(full.catalogue == "d");
        CHECK(full.json);
    }

    TEST_CASE("test") {
        const auto test = parsed<TestCommand>(
            {"test", "a.yaml", "b.yaml", "--coverage", "--junit", "r.xml", "--catalogue", "d"});
        CHECK(test.files == std::vector<std::string>{"a.yaml", "b.yaml"});
        CHECK(test.coverage);
        CHECK(test.junit == "r.xml");
        CHECK(test.catalogue == "d");
        CHECK_FALSE(parsed<TestCommand>({"test", "a.yaml"}).junit);
    }

    TEST_CASE("diff") {
        const auto plain = parsed<DiffCommand>({"diff", "a.yaml", "b.yaml"});
        CHECK(plain.before == "a.yaml");
        CHECK(plain.after == "b.yaml");
        CHECK(plain.captures.empty());
        CHECK_FALSE(plain.at);
        const auto full =
            parsed<DiffCommand>({"diff", "a.yaml", "b.yaml", "--capture", "1.pcap", "--capture",
                                 "2.pcap", "--events", "e.jsonl", "--at", "2026-12-01", "--json"});
        CHECK(full.captures == std::vector<std::string>{"1.pcap", "2.pcap"});
        CHECK(full.events == std::vector<std::string>{"e.jsonl"});
        CHECK(full.at == "2026-12-01");
        CHECK(full.json);
    }

    TEST_CASE("firewall") {
        using Verb = FirewallCommand::Verb;
        CHECK(parsed<FirewallCommand>({"firewall", "print"}).verb == Verb::print);
        CHECK(parsed<FirewallCommand>({"firewall", "install"}).verb == Verb::install);
        CHECK(parsed<FirewallCommand>({"firewall", "remove"}).verb == Verb::remove);
        CHECK(parsed<FirewallCommand>({"firewall", "print", "--backend", "nft"}).backend ==
              Backend::nft);
        CHECK_FALSE(parsed<FirewallCommand>({"firewall", "remove"}).backend);
        const auto check = parsed<FirewallCommand>({"firewall", "check", "--config", "/c.yaml"});
        CHECK(check.verb == Verb::check);
        CHECK(check.config == "/c.yaml");
    }

    TEST_CASE("catalogue refresh") {
        const auto plain =
            parsed<RefreshCommand>({"catalogue", "refresh", "zoom", "--from", "a.txt", "b.txt"});
        CHECK(plain.service == "zoom");
        CHECK(plain.lists == std::vector<std::string>{"a.txt", "b.txt"});
        CHECK_FALSE(plain.format);
        CHECK_FALSE(plain.kind);
        CHECK_FALSE(plain.write);
        CHECK_FALSE(plain.allow_large_change);
        const auto full =
            parsed<RefreshCommand>({"catalogue", "refresh", "teams", "--from", "m.json", "--format",
                                    "microsoft", "--kind", "exclusive_udp", "--write", "w",
                                    "--catalogue", "d", "--allow-large-change", "--json"});
        CHECK(full.format == ListFormat::microsoft);
        CHECK(full.kind == AddressKind::exclusive_udp);
        CHECK(full.write == "w");
        CHECK(full.catalogue == "d");
        CHECK(full.allow_large_change);
        CHECK(full.json);
        const Printed printed;
        CHECK_FALSE(parse({"catalogue", "refresh", "zoom"}));
        CHECK_FALSE(parse({"catalogue", "refresh", "zoom", "--from", "a", "--kind", "2"}));
        CHECK_FALSE(parse({"catalogue", "refresh", "zoom", "--from", "a", "--format", "pdf"}));
    }

    TEST_CASE("catalogue") {
        using Verb = CatalogueCommand::Verb;
        CHECK(parsed<CatalogueCommand>({"catalogue", "list"}).verb == Verb::list);
        CHECK(parsed<CatalogueCommand>({"catalogue", "check", "--catalogue", "d"}).catalogue ==
              "d");
        const auto show = parsed<CatalogueCommand>({"catalogue", "show", "zoom"});
        CHECK(show.verb == Verb::show);
        CHECK(show.subject == "zoom");
        const auto lookup = parsed<CatalogueCommand>({"catalogue", "lookup", "170.114.52.2"});
        CHECK(lookup.verb == Verb::lookup);
        CHECK(lookup.subject == "170.114.52.2");
    }

    TEST_CASE("status") {
        const auto plain = parsed<StatusCommand>({"status"});
        CHECK_FALSE(plain.config);
        CHECK_FALSE(plain.url);
        CHECK_FALSE(plain.unused);
        CHECK_FALSE(plain.rules);
        CHECK_FALSE(plain.json);
        CHECK_FALSE(plain.watch);
        const auto full = parsed<StatusCommand>({"status", "--config", "c", "--url", "u", "--rules",
                                                 "--unused", "30", "--json", "--watch"});
        CHECK(full.config == "c");
        CHECK(full.url == "u");
        CHECK(full.unused == 30);
        CHECK(full.rules);
        CHECK(full.json);
        CHECK(full.watch);
    }

    TEST_CASE("reload") {
        const auto reload = parsed<ReloadCommand>({"reload", "--pid", "4711", "--config", "c"});
        CHECK(reload.process == 4711);
        CHECK(reload.config == "c");
        CHECK_FALSE(parsed<ReloadCommand>({"reload"}).process);
    }

    TEST_CASE("version") {
        static_cast<void>(parsed<VersionCommand>({"version"}));
    }

    TEST_CASE("a verb that is none is named") {
        const Printed printed;
        CHECK_FALSE(parse({"fly"}));
        CHECK(printed.errors() == "octroi: `fly` is no verb: `octroi --help` lists them\n");
    }

    TEST_CASE("wrong usage fails with a message on stderr") {
        const std::vector<std::vector<const char*>> wrong = {
            {},
            {"fly"},
            {"run", "--no-such-option"},
            {"run", "--config"},
            {"check"},
            {"replay", "--json"},
            {"explain"},
            {"test"},
            {"test", "--junit"},
            {"diff", "a.yaml"},
            {"diff", "a.yaml", "b.yaml", "c.yaml"},
            {"firewall"},
            {"firewall", "flush"},
            {"catalogue"},
            {"catalogue", "show"},
            {"version", "surplus"},
            {"status", "--unused", "-1"},
            {"reload", "--pid", "0"},
            {"reload", "--pid", "-1"},
            {"run", "reload", "check", "a.yaml"},
        };
        for (const auto& arguments : wrong) {
            const Printed printed;
            const auto command = parse(arguments);
            REQUIRE_FALSE(command);
            CHECK(command.error() == ExitCode::failed);
            CHECK_FALSE(printed.errors().empty());
            CHECK(printed.output().empty());
        }
    }

    TEST_CASE("help is on stdout and is no failure") {
        for (const std::vector<const char*>& arguments :
             {std::vector<const char*>{"--help"}, {"run", "--help"}, {"firewall", "print", "-h"}}) {
            const Printed printed;
            const auto command = parse(arguments);
            REQUIRE_FALSE(command);
            CHECK(command.error() == ExitCode::ok);
            CHECK_FALSE(printed.output().empty());
            CHECK(printed.errors().empty());
        }
    }

    TEST_CASE("the main help names every verb and the exit codes") {
        const Printed printed;
        static_cast<void>(parse({"--help"}));
        for (const char* word :
             {"run", "reload", "check", "replay", "explain", "test", "diff", "firewall",
              "catalogue", "status", "version", "Exit codes: 0 ok"}) {
            CAPTURE(word);
            CHECK(printed.output().find(word) != std::string::npos);
        }
    }
}
