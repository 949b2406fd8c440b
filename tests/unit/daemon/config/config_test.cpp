#include "daemon/config/config.hpp"

#include <doctest/doctest.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace {

Config read(const std::string& text) {
    const TemporaryFolder folder;
    return load_config(folder.write("octroi.yaml", text)).value();
}

// The first finding, as people see it, without the folder's name.
std::string finding_in(const std::string& text) {
    const TemporaryFolder folder;
    const auto config = load_config(folder.write("octroi.yaml", text));
    REQUIRE_FALSE(config);
    REQUIRE_FALSE(config.error().empty());
    return render(config.error().front()).substr(folder.path("").size());
}

}  // namespace

TEST_SUITE("config") {
    TEST_CASE("every key is read") {
        const Config config = read(
            "octroi: 1\n"
            "policy: /p/policy.yaml\n"
            "catalogue: /c\n"
            "queues: {first: 10, count: 4, max_length: 4096}\n"
            "mark: {shift: 3}\n"
            "on_failure: open\n"
            "firewall: {backend: nft, hooks: [output, forward]}\n"
            "observe: decided\n"
            "flows: {limit: 1000, buffer_mebibytes: 8}\n"
            "metrics: {listen: \"[::1]:9000\"}\n"
            "events:\n"
            "  file: /e/events.json\n"
            "  rotate: {mebibytes: 5, hours: 1}\n"
            "  keep: {days: 30, mebibytes: 50}\n"
            "  journald: true\n"
            "  socket: /run/collector\n"
            "  clients: full\n"
            "  flows: services\n"
            "  fold_seconds: 60\n"
            "  gateway: gw1\n"
            "  pseudonym_key: /k/key\n"
            "  pseudonym_secret: /k/secret\n");
        CHECK(config.policy == "/p/policy.yaml");
        CHECK(config.catalogue == "/c");
        CHECK(config.first_queue == 10);
        CHECK(config.queue_count == 4);
        CHECK(config.queue_length == 4096);
        CHECK(config.mark == MarkLayout(3));
        CHECK(config.on_failure == OnFailure::open);
        CHECK(config.backend == Backend::nft);
        CHECK(config.hooks == std::vector{netfilter::Hook::output, netfilter::Hook::forward});
        CHECK(config.observe == Observe::decided);
        CHECK(config.flow_limit == 1000);
        CHECK(config.buffer_limit == 8UL * 1024 * 1024);
        CHECK(config.metrics_address == "::1");
        CHECK(config.metrics_port == 9000);
        REQUIRE(config.events);
        const EventSettings& events = *config.events;
        REQUIRE(events.file);
        CHECK(events.file->path == "/e/events.json");
        CHECK(events.file->rotate_octets == 5U << 20U);
        CHECK(events.file->rotate_age == std::chrono::hours(1));
        CHECK(events.file->keep_age == std::chrono::days(30));
        CHECK(events.file->keep_octets == 50U << 20U);
        CHECK(events.journald);
        CHECK_FALSE(events.standard_output);
        CHECK(events.socket == "/run/collector");
        CHECK(events.format.clients == ClientPrivacy::full);
        CHECK(events.format.gateway == "gw1");
        CHECK(events.format.pseudonyms.key_file == "/k/key");
        CHECK(events.format.pseudonyms.secret_file == "/k/secret");
        CHECK(events.flows == FlowEvents::services);
        CHECK(events.fold == std::chrono::seconds(60));
    }

    TEST_CASE("what is left out has the safe default") {
        const Config config = read("octroi: 1\n");
        CHECK_FALSE(config.policy);
        CHECK_FALSE(config.catalogue);
        CHECK(config.first_queue == 0);
        CHECK(config.queue_count >= 1);
        CHECK(config.queue_length == 8192);
        CHECK(config.mark == MarkLayout(12));
        CHECK(config.on_failure == OnFailure::closed);
        CHECK_FALSE(config.backend);
        CHECK(config.hooks == std::vector{netfilter::Hook::forward});
        CHECK(config.observe == Observe::full);
        CHECK(config.flow_limit == 65536);
        CHECK(config.metrics_address == "127.0.0.1");
        CHECK(config.metrics_port == 9477);
        CHECK_FALSE(config.events);
    }

    TEST_CASE(
        "events hide their clients, are rotated and kept for half a year unless told otherwise") {
        const EventSettings events = read("{octroi: 1, events: {file: e}}").events.value();
        CHECK(events.format.clients == ClientPrivacy::pseudonym);
        CHECK(events.format.gateway.empty());  // the host's name
        CHECK(events.flows == FlowEvents::none);
        CHECK(events.fold == std::chrono::seconds(10));
        REQUIRE(events.file);
        CHECK(events.file->rotate_age == std::chrono::hours(24));
        CHECK(events.file->keep_age == std::chrono::days(180));
    }

    TEST_CASE("events must go somewhere") {
        CHECK(finding_in("octroi: 1\nevents: {clients: zone}\n") ==
              "octroi.yaml:2:9: error[E008]: events have nowhere to go\n"
              " 2 | events: {clients: zone}\n"
              "   |         ^\n"
              "   hint: give them a `file` (`-` is the standard output), a `socket`, or `journald: "
              "true`\n");
        CHECK(read("{octroi: 1, events: {journald: true}}").events->journald);
        CHECK(read("{octroi: 1, events: {socket: /s}}").events->socket == "/s");
    }

    TEST_CASE("a backend may be left to the kernel, a hook may stand alone and twice") {
        CHECK_FALSE(read("{octroi: 1, firewall: {backend: auto}}").backend);
        CHECK(read("{octroi: 1, firewall: {backend: iptables}}").backend == Backend::iptables);
        CHECK(read("{octroi: 1, firewall: {hooks: output}}").hooks ==
              std::vector{netfilter::Hook::output});
        CHECK(read("{octroi: 1, firewall: {hooks: [output, output]}}").hooks ==
              std::vector{netfilter::Hook::output});
    }

    TEST_CASE("relative paths start at the configuration's folder, - is stdout") {
        const TemporaryFolder folder;
        const auto config = load_config(
            folder.write("octroi.yaml", "{octroi: 1, policy: p.yaml, events: {file: e.json}}"));
        REQUIRE(config);
        CHECK(config->policy == folder.path("p.yaml"));
        CHECK(config->events->file->path == folder.path("e.json"));
        CHECK(config->file == folder.path("octroi.yaml"));
        const EventSettings to_stdout = read("{octroi: 1, events: {file: \"-\"}}").events.value();
        CHECK(to_stdout.standard_output);
        CHECK_FALSE(to_stdout.file);
    }

    TEST_CASE("count: auto is one queue a core") {
        CHECK(read("{octroi: 1, queues: {count: auto}}").queue_count ==
              read("{octroi: 1}").queue_count);
    }

    TEST_CASE("an unknown key is refused with place, line, caret and the key it resembles") {
        CHECK(finding_in("octroi: 1\n"
                         "queues: {first: 0, coumt: 2}\n") ==
              "octroi.yaml:2:20: error[E009]: `queues` has no key `coumt`\n"
              " 2 | queues: {first: 0, coumt: 2}\n"
              "   |                    ^\n"
              "   hint: did you mean `count`?\n");
    }

    TEST_CASE("each value out of its range is refused at its place") {
        const auto place = [](const std::string& text) {
            const std::string finding = finding_in("octroi: 1\n" + text + "\n");
            return finding.substr(0, finding.find(": error"));
        };
        CHECK(place("on_failure: ajar") == "octroi.yaml:2:13");
        CHECK(place("observe: everything") == "octroi.yaml:2:10");
        CHECK(place("observe: to_end") == "octroi.yaml:2:10");
        CHECK(place("mark: {shift: 13}") == "octroi.yaml:2:15");
        CHECK(place("mark: {shift: -1}") == "octroi.yaml:2:15");
        CHECK(place("queues: {count: 0}") == "octroi.yaml:2:17");
        CHECK(place("queues: {count: 65}") == "octroi.yaml:2:17");
        CHECK(place("queues: {first: 65535}") == "octroi.yaml:2:17");
        CHECK(place("queues: {max_length: 0}") == "octroi.yaml:2:22");
        CHECK(place("flows: {limit: 15}") == "octroi.yaml:2:16");
        CHECK(place("flows: {buffer_mebibytes: 0}") == "octroi.yaml:2:27");
        CHECK(place("flows: {limit: many}") == "octroi.yaml:2:16");
        CHECK(place("events: {file: x, clients: all}") == "octroi.yaml:2:28");
        CHECK(place("events: {file: x, flows: some}") == "octroi.yaml:2:26");
        CHECK(place("events: {file: x, fold_seconds: 3601}") == "octroi.yaml:2:33");
        CHECK(place("events: {file: x, rotate: {hours: 0}}") == "octroi.yaml:2:35");
        CHECK(place("events: {file: x, keep: {days: 0}}") == "octroi.yaml:2:32");
        CHECK(place("queues: 4") == "octroi.yaml:2:9");
        CHECK(place("firewall: {backend: pf}") == "octroi.yaml:2:21");
        CHECK(place("firewall: {hooks: []}") == "octroi.yaml:2:19");
        CHECK(place("firewall: {hooks: [input]}") == "octroi.yaml:2:20");
    }

    TEST_CASE("only a numeric address with a port can be listened on") {
        for (const char* text : {"localhost:9477", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http",
                                 "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:1x", ":9477", ""}) {
            CAPTURE(text);
            const std::string finding =
                finding_in("octroi: 1\nmetrics: {listen: \"" + std::string(text) + "\"}\n");
            CHECK(finding.starts_with("octroi.yaml:2:19: error[E010]: "));
        }
        CHECK(read("{octroi: 1, metrics: {listen: \"127.9.0.1:1024\"}}").metrics_port == 1024);
        CHECK(finding_in("octroi: 1\nmetrics: {listen: \"127.0.0.1:80\"}\n")
                  .starts_with("octroi.yaml:2:19: error[E010]: the port 80 "));
        CHECK(read("{octroi: 1, metrics: {token_file: /t}}").metrics_port == 9477);
    }

    TEST_CASE("what can be reached from elsewhere needs a token") {
        for (const char* address : {"0.0.0.0:9477", "10.0.0.1:9477", "[::]:9477"}) {
            CAPTURE(address);
            const std::string listen = "octroi: 1\nmetrics: {listen: \"" + std::string(address);
            CHECK(finding_in(listen + "\"}\n").starts_with("octroi.yaml:2:19: error[E010]: "));
            CHECK(read(listen + "\", token_file: /t}\n").token_file == "/t");
        }
    }

    TEST_CASE("all mistakes are told at once") {
        const TemporaryFolder folder;
        const auto config = load_config(
            folder.write("octroi.yaml", "{octroi: 2, on_failure: ajar, mark: {shift: 99}, x: 1}"));
        REQUIRE_FALSE(config);
        CHECK(config.error().size() == 4);
    }

    TEST_CASE("a file that is missing, empty, no YAML or of another version is refused") {
        CHECK_FALSE(load_config("/nonexistent/octroi.yaml"));
        CHECK(load_config("/nonexistent/octroi.yaml").error().front().code == Code::unreadable);
        const TemporaryFolder folder;
        CHECK_FALSE(load_config(folder.write("empty.yaml", "")));
        CHECK_FALSE(load_config(folder.write("broken.yaml", "queues: [1, 2")));
        CHECK_FALSE(load_config(folder.write("list.yaml", "- octroi: 1\n")));
        CHECK_FALSE(load_config(folder.write("none.yaml", "queues: {count: 1}\n")));
        CHECK_FALSE(load_config(folder.write("next.yaml", "octroi: 2\n")));
    }
}
