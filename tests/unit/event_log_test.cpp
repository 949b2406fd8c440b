#include "metrics/event_log.hpp"

#include <algorithm>
#include <csignal>
#include <sstream>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;
using nlohmann::json;

namespace {

FlowRecord record_of(const std::string& rule) {
    return {.source = wire::endpoint("10.1.2.3", 50000), .action = Action::reject, .rule = rule};
}

std::vector<json> lines_of(const std::string& text) {
    std::vector<json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(json::parse(line));
    return lines;
}

}  // namespace

TEST_SUITE("event log") {
    TEST_CASE("everything offered is in the file when the log is closed") {
        const TemporaryFolder folder;
        {
            const auto log = EventLog::open({.path = folder.path("events"), .workers = 2});
            REQUIRE(log);
            for (int i = 0; i < 500; ++i) {
                CHECK((*log)->offer(0, record_of("zero")));
                CHECK((*log)->offer(1, record_of("one")));
            }
        }
        const auto lines = lines_of(folder.read("events"));
        CHECK(lines.size() == 1000);
        CHECK(std::ranges::count(lines, "one", [](const json& line) { return line.at("rule"); }) ==
              500);
        CHECK_FALSE(lines.at(0).contains("src_ip"));  // clients: zone is the default
    }

    TEST_CASE("the file shows clients only where it is told to") {
        const TemporaryFolder folder;
        {
            const auto log =
                EventLog::open({.path = folder.path("events"), .clients = ClientPrivacy::full});
            REQUIRE(log);
            CHECK((*log)->offer(0, record_of("r")));
        }
        CHECK(lines_of(folder.read("events")).at(0).at("src_ip") == "10.1.2.3");
    }

    TEST_CASE("an existing file is added to, and a new one is not readable by others") {
        const TemporaryFolder folder;
        const std::string path = folder.write("old", "{\"old\":true}\n");
        for (const std::string& file : {path, folder.path("new")}) {
            const auto log = EventLog::open({.path = file});
            REQUIRE(log);
            CHECK((*log)->offer(0, record_of("r")));
        }
        const auto lines = lines_of(folder.read("old"));
        REQUIRE(lines.size() == 2);
        CHECK(lines[0].at("old") == true);
        CHECK(lines[1].at("rule") == "r");
        using std::filesystem::perms;
        CHECK((std::filesystem::status(folder.path("new")).permissions() & perms::others_all) ==
              perms::none);
    }

    TEST_CASE("a path that can't be opened is an error with its cause") {
        const auto log = EventLog::open({.path = "/nonexistent/events"});
        REQUIRE_FALSE(log);
        CHECK(log.error() ==
              "can't open the event file /nonexistent/events: No such file or directory");
    }

    TEST_CASE("lines that the disk has no room for are counted") {
        const auto log = EventLog::open({.path = "/dev/full"});
        REQUIRE(log);
        CHECK((*log)->offer(0, record_of("r")));
        while ((*log)->failed() == 0)
            std::this_thread::yield();
        CHECK((*log)->failed() == 1);
        CHECK((*log)->written() == 0);
    }

    TEST_CASE("a reader that stalls loses records, and the worker is told each time") {
        const TemporaryFolder folder;
        const std::string path = folder.path("pipe");
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        const auto before = std::signal(SIGPIPE, SIG_IGN);  // as `octroi run` does
        const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
        REQUIRE(reader >= 0);
        {
            const auto log = EventLog::open({.path = path});
            REQUIRE(log);
            int dropped = 0;
            for (int i = 0; i < 100'000 && dropped == 0; ++i)
                dropped += (*log)->offer(0, record_of(std::string(1000, 'r'))) ? 0 : 1;
            CHECK(dropped == 1);
            ::close(reader);  // lets the writer end: it gets EPIPE from now on
        }
        std::signal(SIGPIPE, before);
    }
}
