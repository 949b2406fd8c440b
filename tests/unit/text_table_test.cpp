#include "daemon/text_table.hpp"

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("text table") {
    TEST_CASE("columns are as wide as their widest cell, the last one is not padded") {
        CHECK(text_table({{"NAME", "N"}, {"a", "100"}, {"longer", "2"}}) ==
              "NAME    N\n"
              "a       100\n"
              "longer  2\n");
    }

    TEST_CASE("rows may be shorter, and a table empty") {
        CHECK(text_table({}).empty());
        CHECK(text_table({{"a", "b"}, {"only"}, {}}) == "a     b\nonly\n\n");
    }
}
