#include "daemon/gap_record.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>
#include <unistd.h>

using namespace octroi;

namespace {

// A name in the folder of temporary files, free before and after.
class Path {
  public:
    Path() { std::filesystem::remove(path_); }

    Path(const Path&) = delete;
    Path& operator=(const Path&) = delete;

    ~Path() { std::filesystem::remove(path_); }

    [[nodiscard]] const std::string& string() const { return path_; }

  private:
    std::string path_ =
        std::filesystem::temp_directory_path() / ("octroi-gap-" + std::to_string(getpid()));
};

}  // namespace

TEST_SUITE("gap record") {
    TEST_CASE("without a note everything met nobody") {
        const Path path;
        CHECK(GapRecord(path.string()).unseen(7) == 7);
    }

    TEST_CASE("what came behind the last note is unseen, for the next process too") {
        const Path path;
        GapRecord(path.string()).note(1000);
        GapRecord(path.string()).note(20);
        const GapRecord next(path.string());
        CHECK(next.unseen(20) == 0);
        CHECK(next.unseen(25) == 5);
        CHECK(next.unseen(3) == 3);  // the rule was made anew
    }

    TEST_CASE("a note of another boot, or none at all, counts nothing as seen") {
        const Path path;
        for (const char* text : {"c0ffee00-0000-0000-0000-000000000000 00000000000000000005\n",
                                 "\xff\xfe", " 5", ""}) {
            std::ofstream(path.string(), std::ios::binary | std::ios::trunc) << text;
            CHECK(GapRecord(path.string()).unseen(9) == 9);
        }
    }

    TEST_CASE("without a folder nothing is known") {
        CHECK(GapRecord("/nonexistent/folder/file").unseen(9) == 0);
    }
}
