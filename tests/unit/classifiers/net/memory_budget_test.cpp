#include "classifiers/net/memory_budget.hpp"

#include <optional>

#include <doctest/doctest.h>

using octroi::MemoryBudget;
using Reservation = octroi::MemoryBudget::Reservation;

TEST_SUITE("memory budget") {
    TEST_CASE("a reservation takes its octets and gives them back at its end") {
        MemoryBudget budget(100);
        {
            Reservation reservation;
            CHECK(reservation.grow(budget, 60));
            CHECK(budget.used() == 60);
        }
        CHECK(budget.used() == 0);
    }

    TEST_CASE("growing counts the difference, and never shrinks") {
        MemoryBudget budget(100);
        Reservation reservation;
        CHECK(reservation.grow(budget, 60));
        CHECK(reservation.grow(budget, 100));
        CHECK(budget.used() == 100);
        CHECK(reservation.grow(budget, 10));
        CHECK(budget.used() == 100);
    }

    TEST_CASE("what does not fit changes nothing") {
        MemoryBudget budget(100);
        Reservation one;
        Reservation other;
        CHECK(one.grow(budget, 60));
        CHECK_FALSE(other.grow(budget, 41));
        CHECK(budget.used() == 60);
        CHECK(other.grow(budget, 40));
        CHECK_FALSE(one.grow(budget, 61));
        CHECK_FALSE(one.grow(budget, static_cast<std::size_t>(-1)));
        CHECK(budget.used() == 100);
    }

    TEST_CASE("a moved reservation is given back once") {
        MemoryBudget budget(100);
        std::optional<Reservation> first(std::in_place);
        REQUIRE(first->grow(budget, 30));
        Reservation second(std::move(*first));
        first.reset();
        CHECK(budget.used() == 30);
        Reservation third;
        third = std::move(second);
        CHECK(budget.used() == 30);
        third.release();
        third.release();
        CHECK(budget.used() == 0);
    }

    TEST_CASE("assigning over a reservation gives the old one back with its new owner") {
        MemoryBudget budget(100);
        Reservation kept;
        REQUIRE(kept.grow(budget, 70));
        kept = Reservation();
        CHECK(budget.used() == 0);
        CHECK(budget.limit() == 100);
    }

    TEST_CASE("nobody gets more than a share, and it comes back to him") {
        MemoryBudget budget(100, 40);
        budget.charge(7);
        Reservation one;
        Reservation other;
        CHECK(one.grow(budget, 30));
        CHECK_FALSE(other.grow(budget, 11));
        budget.charge(7 + MemoryBudget::shares);  // the same
        CHECK_FALSE(other.grow(budget, 11));
        budget.charge(8);
        CHECK(other.grow(budget, 40));
        CHECK(one.grow(budget, 40));  // on the account that it began on
        CHECK_FALSE(one.grow(budget, 41));
        one.release();
        budget.charge(7);
        CHECK(one.grow(budget, 40));
        CHECK(budget.used() == 80);
    }
}
