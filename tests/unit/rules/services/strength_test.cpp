#include "rules/services/strength.hpp"

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("strength") {
    TEST_CASE("strengths are ordered and named") {
        CHECK(Strength::none < Strength::guessed);
        CHECK(Strength::guessed < Strength::correlated);
        CHECK(Strength::correlated < Strength::observed);
        CHECK(Strength::observed < Strength::certain);
        CHECK(to_string(Strength::none) == "none");
        CHECK(to_string(Strength::certain) == "certain");
    }
}
