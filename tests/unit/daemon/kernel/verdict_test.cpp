#include "daemon/kernel/verdict.hpp"

#include <doctest/doctest.h>

using namespace octroi;

static_assert(decided(Action::accept, 1, no_service).mark.state == MarkState::accept);

TEST_SUITE("verdict") {
    TEST_CASE("a decision leaves as a mark with its generation and service") {
        for (const Action action : {Action::accept, Action::drop, Action::reject}) {
            const Verdict verdict = decided(action, 7, 42);
            CHECK(verdict.kind == Verdict::Kind::mark);
            CHECK(verdict.mark.generation == 7);
            CHECK(verdict.mark.service == 42);
        }
        CHECK(decided(Action::drop, 1, 1).mark.state == MarkState::drop);
        CHECK(decided(Action::reject, 1, 1).mark.state == MarkState::reject);
    }

    TEST_CASE("an undecided packet passes with a mark that is no decision") {
        CHECK(pass().kind == Verdict::Kind::mark);
        CHECK(pass().mark == Mark{.state = MarkState::pass});
    }

    TEST_CASE("a discarded packet carries no mark") {
        CHECK(discard().kind == Verdict::Kind::discard);
        CHECK(discard().mark == Mark{});
        CHECK(discard() != pass());
    }
}
