#include "metrics/events/file_sink.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;
using namespace std::chrono_literals;

namespace {

Time now() {
    return std::chrono::system_clock::now();
}

std::unique_ptr<FileSink> sink_at(const FileSink::Settings& settings) {
    return FileSink::open(settings).value();
}

std::vector<std::string> names_in(const TemporaryFolder& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path("")))
        names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

std::string put_aside(Time time) {
    return fmt::format("events-{:%Y%m%dT%H%M%SZ}.jsonl",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

// The kernel cuts what this process writes to a file off at `octets`, as a full disk would; EFBIG
// stands for ENOSPC.
class FileLimit {
  public:
    explicit FileLimit(rlim_t octets) {
        before_ = std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &old_);
        set(octets);
    }

    FileLimit(const FileLimit&) = delete;
    FileLimit& operator=(const FileLimit&) = delete;
    FileLimit(FileLimit&&) = delete;
    FileLimit& operator=(FileLimit&&) = delete;

    ~FileLimit() {
        setrlimit(RLIMIT_FSIZE, &old_);
        std::signal(SIGXFSZ, before_);
    }

    void set(rlim_t octets) const {
        const rlimit limit{.rlim_cur = octets, .rlim_max = old_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }

  private:
    rlimit old_{};
    void (*before_)(int) = nullptr;
};

}  // namespace

TEST_SUITE("file sink") {
    TEST_CASE("an existing file is added to, and a new one is not readable by others") {
        const TemporaryFolder folder;
        const std::string path = folder.write("old", "old\n");
        for (const std::string& file : {path, folder.path("new")})
            CHECK_FALSE(sink_at({.path = file})->write("line\n"));
        CHECK(folder.read("old") == "old\nline\n");
        using std::filesystem::perms;
        CHECK((std::filesystem::status(folder.path("new")).permissions() & perms::others_all) ==
              perms::none);
    }

    TEST_CASE("a place that is none is an error with its cause") {
        const auto sink = FileSink::open({.path = "/nonexistent/events"});
        REQUIRE_FALSE(sink);
        CHECK(sink.error() ==
              "can't open the event file /nonexistent/events: No such file or directory");
        CHECK_FALSE(FileSink::open({.path = "/tmp"}));
    }

    TEST_CASE("a pipe is no event file, and opening it does not wait") {
        const TemporaryFolder folder;
        REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
        const auto sink = FileSink::open({.path = folder.path("pipe")});
        REQUIRE_FALSE(sink);
        CHECK(sink.error().find("/pipe is no file") != std::string::npos);
    }

    TEST_CASE("lines that the disk has no room for are lost, and why") {
        const auto sink = sink_at({.path = "/dev/full"});
        CHECK(sink->write("line\n") == Loss::disk_full);
    }

    TEST_CASE("a line that a full disk cut short is finished before the next one") {
        const TemporaryFolder folder;
        const auto sink = sink_at({.path = folder.path("events")});
        {
            const FileLimit limit(10);
            CHECK_FALSE(sink->write("0123456\n"));
            CHECK_FALSE(sink->write("abcdefg\n"));  // two octets fit
            CHECK(sink->write("lost\n"));
            CHECK(folder.read("events") == "0123456\nab");
        }
        CHECK_FALSE(sink->write("next\n"));
        CHECK(folder.read("events") == "0123456\nabcdefg\nnext\n");
    }

    TEST_CASE("a line that can't be finished before the end is taken back") {
        const TemporaryFolder folder;
        auto sink = sink_at({.path = folder.path("events")});
        const FileLimit limit(10);
        CHECK_FALSE(sink->write("0123456\n"));
        CHECK_FALSE(sink->write("abcdefg\n"));
        sink.reset();
        CHECK(folder.read("events") == "0123456\n");
    }

    TEST_CASE("a file that is large enough is put aside, and no line is cut or lost") {
        const TemporaryFolder folder;
        const auto sink = sink_at({.path = folder.path("events.jsonl"), .rotate_octets = 20});
        CHECK_FALSE(sink->write("0123456789\n"));
        CHECK_FALSE(sink->write("abcdefghij\n"));
        const auto names = names_in(folder);
        REQUIRE(names.size() == 2);
        CHECK(names[0].starts_with("events-2"));
        CHECK(names[0].size() == put_aside(now()).size());
        CHECK(folder.read(names[0]) == "0123456789\n");
        CHECK(folder.read("events.jsonl") == "abcdefghij\n");
        // Within the same second there is no free name: the file goes on and nothing is replaced.
        for (int i = 0; i < 50; ++i)
            CHECK_FALSE(sink->write("0123456789\n"));
        std::size_t octets = 0;
        for (const std::string& name : names_in(folder))
            octets += folder.read(name).size();
        CHECK(octets == 52 * 11);
    }

    TEST_CASE("a file of an earlier period is put aside at the first line of the next") {
        const TemporaryFolder folder;
        const std::string path = folder.write("events.jsonl", "yesterday\n");
        const timespec day_ago{.tv_sec = time(nullptr) - 86'400};
        const std::array times{day_ago, day_ago};
        REQUIRE(utimensat(AT_FDCWD, path.c_str(), times.data(), 0) == 0);
        const auto sink = sink_at({.path = path});
        CHECK_FALSE(sink->write("today\n"));
        REQUIRE(names_in(folder).size() == 2);
        CHECK(folder.read("events.jsonl") == "today\n");
    }

    TEST_CASE("files that are old or too many are removed, and no others") {
        const TemporaryFolder folder;
        const std::string text(100, 'x');
        const std::vector<std::string> keep = {
            "events.jsonl",
            put_aside(now() - 24h),
            put_aside(now() - 48h),
            "events-20200101T000000Z.jsonl.bak",
            "events-2020.jsonl",
            "events-yyyymmddThhmmssZ.jsonl",
            "others-20200101T000000Z.jsonl",
        };
        for (const std::string& name : keep)
            static_cast<void>(folder.write(name, text));
        static_cast<void>(folder.write(put_aside(now() - 72h), text));    // beyond 250 octets
        static_cast<void>(folder.write(put_aside(now() - 2400h), text));  // and old
        std::filesystem::create_directory(folder.path("events-20200101T000000Z.jsonl"));
        auto sink = sink_at({.path = folder.path("events.jsonl"),
                             .keep_age = std::chrono::days(30),
                             .keep_octets = 250});
        sink->look_after(now());
        auto left = names_in(folder);
        CHECK(std::erase(left, "events-20200101T000000Z.jsonl") == 1);  // a folder
        std::vector<std::string> wanted = keep;
        std::ranges::sort(wanted);
        CHECK(left == wanted);
    }

    TEST_CASE("a file that was moved away or deleted is replaced") {
        const TemporaryFolder folder;
        const std::string path = folder.path("events.jsonl");
        const auto sink = sink_at({.path = path});
        CHECK_FALSE(sink->write("one\n"));
        std::filesystem::rename(path, folder.path("moved"));
        sink->look_after(now());
        CHECK_FALSE(sink->write("two\n"));
        std::filesystem::remove(path);
        sink->look_after(now());
        CHECK_FALSE(sink->write("three\n"));
        CHECK(folder.read("moved") == "one\n");
        CHECK(folder.read("events.jsonl") == "three\n");
    }
}
