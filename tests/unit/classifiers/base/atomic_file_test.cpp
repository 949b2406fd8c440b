#include "classifiers/base/atomic_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

std::size_t files_in(const fs::path& folder) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_SUITE("whole file") {
    TEST_CASE("a new file has the text, and nothing is left beside it") {
        const TemporaryFolder folder;
        const std::string path = folder.path("report.html");
        CHECK(write_atomically(path, "text"));
        CHECK(read(path) == "text");
        CHECK(files_in(folder.path(".")) == 1);
    }

    TEST_CASE("a file keeps its permissions, and one of a similar name its content") {
        const TemporaryFolder folder;
        const std::string path = folder.write("report.html", "old");
        const std::string other = folder.write("report.html.new", "mine");
        fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
        CHECK(write_atomically(path, "new"));
        CHECK(read(path) == "new");
        CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
        CHECK(read(other) == "mine");
    }

    TEST_CASE("behind a symbolic link its target gets the text") {
        const TemporaryFolder folder;
        const std::string target = folder.write("target", "old");
        fs::create_symlink("target", folder.path("link"));
        CHECK(write_atomically(folder.path("link"), "new"));
        CHECK(fs::is_symlink(folder.path("link")));
        CHECK(read(target) == "new");
    }

    TEST_CASE("a pipe stays one") {
        const TemporaryFolder folder;
        const std::string path = folder.path("pipe");
        REQUIRE(mkfifo(path.c_str(), 0600) == 0);
        std::string got;
        std::jthread reader([&] { got = read(path); });
        CHECK(write_atomically(path, "text"));
        reader.join();
        CHECK(got == "text");
        CHECK(fs::is_fifo(path));
    }

    TEST_CASE("a device that takes nothing is told, and stays") {
        const auto written = write_atomically("/dev/full", "text");
        REQUIRE_FALSE(written);
        CHECK(written.error() == "can't write /dev/full: No space left on device");
        CHECK(fs::is_character_file("/dev/full"));
    }

    TEST_CASE("a folder that is not there is told") {
        const auto written = write_atomically("/nowhere/report.html", "text");
        REQUIRE_FALSE(written);
        CHECK(written.error() == "can't write /nowhere/report.html: No such file or directory");
    }
}
