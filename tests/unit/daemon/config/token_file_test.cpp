#include "daemon/config/token_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

TEST_SUITE("token file") {
    TEST_CASE("it gives the line, and nothing where no file is named") {
        const TemporaryFolder folder;
        const std::string path = folder.write("token", "0123456789abcdef\n");
        REQUIRE(::chmod(path.c_str(), 0640) == 0);
        CHECK(read_token(path).value() == "0123456789abcdef");
        CHECK_FALSE(read_token(std::nullopt).value());
    }

    TEST_CASE("a file that others may read is no secret") {
        const TemporaryFolder folder;
        const std::string path = folder.write("token", "0123456789abcdef\n");
        REQUIRE(::chmod(path.c_str(), 0644) == 0);
        CHECK(read_token(path).error() ==
              path + " holds a secret and must be a file that others can't reach: chmod 640");
    }

    TEST_CASE("what is too short, too long or no one line is refused with the cure") {
        for (const std::string& text :
             {std::string(), std::string("short\n"), std::string(513, 'x'),
              std::string("0123456789abcdef\nmore\n"), std::string("0123456789 abcdef")}) {
            CAPTURE(text);
            const TemporaryFolder folder;
            const std::string path = folder.write("token", text);
            REQUIRE(::chmod(path.c_str(), 0600) == 0);
            CHECK(read_token(path).error().find("`openssl rand -hex 32`") != std::string::npos);
        }
        const TemporaryFolder folder;
        CHECK(read_token(folder.path("none")).error().ends_with(": No such file or directory"));
    }
}
