#include "daemon/gateway/bypass_counter.hpp"

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("uninspected packets") {
    TEST_CASE("what met the rule before the first reading is nobody's business") {
        BypassCounter uninspected;
        CHECK(uninspected.update({.to_queue = 1000, .waiting = 3, .answered = 0}) == 0);
        CHECK(uninspected.update({.to_queue = 1000, .waiting = 0, .answered = 3}) == 0);
    }

    TEST_CASE("packets that are answered or wait were not passed uninspected") {
        BypassCounter uninspected;
        uninspected.update({});
        CHECK(uninspected.update({.to_queue = 10, .waiting = 4, .answered = 6}) == 0);
        CHECK(uninspected.update({.to_queue = 10, .waiting = 0, .answered = 10}) == 0);
    }

    TEST_CASE("packets that neither wait nor were answered were passed uninspected") {
        BypassCounter uninspected;
        uninspected.update({});
        CHECK(uninspected.update({.to_queue = 20, .waiting = 4, .answered = 6}) == 10);
        CHECK(uninspected.update({.to_queue = 25, .waiting = 4, .answered = 9}) == 12);
    }

    TEST_CASE("a packet that is seen twice in one reading makes the number no smaller") {
        BypassCounter uninspected;
        uninspected.update({});
        CHECK(uninspected.update({.to_queue = 20, .waiting = 5, .answered = 5}) == 10);
        CHECK(uninspected.update({.to_queue = 20, .waiting = 5, .answered = 10}) == 10);
        CHECK(uninspected.update({.to_queue = 20, .waiting = 0, .answered = 10}) == 10);
    }

    TEST_CASE("rules that were made anew begin at 0 and take nothing away") {
        BypassCounter uninspected;
        uninspected.update({});
        CHECK(uninspected.update({.to_queue = 20, .answered = 10}) == 10);
        CHECK(uninspected.update({.to_queue = 1, .answered = 11}) == 10);
        CHECK(uninspected.update({.to_queue = 4, .answered = 12}) == 12);
    }
}
