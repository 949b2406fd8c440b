#include "daemon/config.hpp"

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
            "observe: decided\n"
            "flows: {limit: 1000, buffer_mebibytes: 8}\n"
            "metrics: {listen: \"[::1]:9000\"}\n"
            "events: {file: /e/events.json, clients: full}\n");
        CHECK(config.policy == "/p/policy.yaml");
        CHECK(config.catalogue == "/c");
        CHECK(config.first_queue == 10);
        CHECK(config.queue_count == 4);
        CHECK(config.queue_length == 4096);
        CHECK(config.mark == MarkLayout(3));
        CHECK(config.on_failure == OnFailure::open);
        CHECK(config.observe == Observe::decided);
        CHECK(config.flow_limit == 1000);
        CHECK(config.buffer_limit == 8UL * 1024 * 1024);
        CHECK(config.metrics_address == "::1");
        CHECK(config.metrics_port == 9000);
        CHECK(config.event_file == "/e/events.json");
        CHECK(config.event_clients == ClientPrivacy::full);
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
        CHECK(config.observe == Observe::full);
        CHECK(config.flow_limit == 65536);
        CHECK(config.metrics_address == "127.0.0.1");
        CHECK(config.metrics_port == 9477);
        CHECK_FALSE(config.event_file);
        CHECK(config.event_clients == ClientPrivacy::zone);
    }

    TEST_CASE("relative paths start at the configuration's folder, - is stdout") {
        const TemporaryFolder folder;
        const auto config = load_config(
            folder.write("octroi.yaml", "{octroi: 1, policy: p.yaml, events: {file: e.json}}"));
        REQUIRE(config);
        CHECK(config->policy == folder.path("p.yaml"));
        CHECK(config->event_file == folder.path("e.json"));
        CHECK(config->file == folder.path("octroi.yaml"));
        CHECK(read("{octroi: 1, events: {file: \"-\"}}").event_file == "-");
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
        CHECK(place("queues: 4") == "octroi.yaml:2:9");
    }

    TEST_CASE("only a numeric address with a port can be listened on") {
        for (const char* text : {"localhost:9477", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http",
                                 "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:1x", ":9477", ""}) {
            CAPTURE(text);
            const std::string finding =
                finding_in("octroi: 1\nmetrics: {listen: \"" + std::string(text) + "\"}\n");
            CHECK(finding.starts_with("octroi.yaml:2:19: error[E010]: "));
        }
        CHECK(read("{octroi: 1, metrics: {listen: \"127.9.0.1:1\"}}").metrics_port == 1);
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
