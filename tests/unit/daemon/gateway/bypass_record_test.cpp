#include "daemon/gateway/bypass_record.hpp"

#include <doctest/doctest.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

TEST_SUITE("gap record") {
    TEST_CASE("without a note everything met nobody") {
        const TemporaryFolder folder;
        CHECK(BypassRecord(folder.path("record")).unseen(7) == 7);
    }

    TEST_CASE("what came behind the last note is unseen, for the next process too") {
        const TemporaryFolder folder;
        BypassRecord(folder.path("record")).note(1000);
        BypassRecord(folder.path("record")).note(20);
        const BypassRecord next(folder.path("record"));
        CHECK(next.unseen(20) == 0);
        CHECK(next.unseen(25) == 5);
        CHECK(next.unseen(3) == 3);  // the rule was made anew
    }

    TEST_CASE("a note of another boot, or none at all, counts nothing as seen") {
        const TemporaryFolder folder;
        for (const char* text :
             {"c0ffee00-0000-0000-0000-000000000000 00000000000000000005\n", "\xff\xfe", " 5", ""})
            CHECK(BypassRecord(folder.write("record", std::string_view(text))).unseen(9) == 9);
    }

    TEST_CASE("without a folder nothing is known") {
        CHECK(BypassRecord("/nonexistent/folder/file").unseen(9) == 0);
    }
}
