#include "rules/text/list_lines.hpp"

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("list lines") {
    TEST_CASE("blanks, comments and empty lines are not values") {
        ListLines lines("# a comment\n\n  one # of many\r\ntwo");
        const ListLine one = lines.next();
        CHECK(one.value == "one");
        CHECK(one.position.line == 3);
        CHECK(one.position.column == 3);
        CHECK(one.line == "  one # of many\r");
        const ListLine two = lines.next();
        CHECK(two.value == "two");
        CHECK(two.position.line == 4);
        CHECK(two.position.column == 1);
        CHECK(lines.next().value.empty());
        CHECK(lines.next().value.empty());
    }

    TEST_CASE("an empty text has no value") {
        CHECK(ListLines("").next().value.empty());
        CHECK(ListLines("\n\n#\n").next().value.empty());
    }

    TEST_CASE("networks are told from names") {
        for (const char* network : {"10.0.0.0/8", "10.0.0.1", "2001:db8::", "10.1", "256.1.1.1"})
            CHECK_MESSAGE(looks_like_network(network), network);
        for (const char* name : {"example.org", "1.example", "example.org."})
            CHECK_MESSAGE(!looks_like_network(name), name);
    }
}
