#include "rules/text/text_file.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/temporary_folder.hpp"

using octroi::Code;
using octroi::read_text_file;
using octroi::TemporaryFolder;

TEST_SUITE("text file") {
    TEST_CASE("a file is read whole up to the limit, one octet more is refused") {
        const TemporaryFolder folder;
        const std::string path = folder.write("a", std::string_view("12345\0", 6));
        CHECK(read_text_file(path, 6) == std::string("12345\0", 6));
        const auto refused = read_text_file(path, 5);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Code::too_large);
        CHECK(refused.error().file == path);
        CHECK(refused.error().text == "the file has 6 octets, more than 5");
        CHECK(read_text_file(folder.write("empty", std::string_view()), 0) == "");
    }

    TEST_CASE("a file of many pieces is read whole, and refused by its length") {
        const TemporaryFolder folder;
        std::string text;
        for (int number = 0; text.size() < 300'000; ++number)
            text += std::to_string(number);
        const std::string path = folder.write("a", text);
        CHECK(read_text_file(path, 1'000'000) == text);
        CHECK(read_text_file(path, text.size()) == text);
        CHECK(read_text_file(path, text.size() - 1).error().code == Code::too_large);
    }

    TEST_CASE("what is no regular file is not opened") {
        const TemporaryFolder folder;
        CHECK(read_text_file(folder.path("none"), 9).error().text == "there is no such file");
        std::filesystem::create_symlink("round", folder.path("round"));
        CHECK(read_text_file(folder.path("round"), 9).error().text ==
              "Too many levels of symbolic links");
        CHECK(read_text_file(folder.path(""), 9).error().text == "this is not a regular file");
        CHECK(read_text_file("/dev/zero", 9).error().code == Code::unreadable);
    }
}
