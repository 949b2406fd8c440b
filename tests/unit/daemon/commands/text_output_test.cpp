#include "daemon/commands/text_output.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;

TEST_SUITE("text output") {
    TEST_CASE("columns are as wide as their widest cell, the last one is not padded") {
        CHECK(aligned({{"NAME", "N"}, {"a", "100"}, {"longer", "2"}}) ==
              "NAME    N\n"
              "a       100\n"
              "longer  2\n");
        CHECK(aligned({{"a", "b"}}, 2) == "  a  b\n");
        CHECK(aligned({}).empty());
    }

    TEST_CASE("endpoints") {
        CHECK(endpoint_text(wire::endpoint("10.20.4.7", 443)) == "10.20.4.7:443");
        CHECK(endpoint_text(wire::endpoint("2001:db8::1", 443)) == "[2001:db8::1]:443");
    }
}
