#include "rules/sets/interval_set.hpp"

#include <random>
#include <set>
#include <string>

#include <doctest/doctest.h>

using octroi::IntervalSet;

namespace {

using Numbers = IntervalSet<unsigned>;

constexpr unsigned universe = 24;

std::set<unsigned> members(const Numbers& intervals) {
    std::set<unsigned> found;
    for (unsigned i = 0; i < universe; ++i)
        if (intervals.contains(i))
            found.insert(i);
    return found;
}

struct Sample {
    Numbers intervals;
    std::set<unsigned> members;
};

Sample any_sample(std::mt19937& random) {
    std::vector<Numbers::Interval> intervals;
    std::set<unsigned> members;
    for (unsigned i = 0; i < random() % 4; ++i) {
        const auto first = static_cast<unsigned>(random() % universe);
        const bool open = random() % 8 == 0;
        const auto after = static_cast<unsigned>(first + random() % 6);
        intervals.emplace_back(first, open ? std::nullopt : std::optional(after));
        for (unsigned k = first; k < (open ? universe : std::min(after, universe)); ++k)
            members.insert(k);
    }
    return {.intervals = Numbers(std::move(intervals)), .members = std::move(members)};
}

}  // namespace

TEST_SUITE("intervals") {
    TEST_CASE("a set made without intervals holds everything, one made of none holds nothing") {
        CHECK(Numbers().everything());
        CHECK(Numbers().contains(7));
        CHECK(Numbers::nothing().empty());
        CHECK(!Numbers::nothing().contains(0));
        CHECK(Numbers(0, std::nullopt).everything());
        CHECK(Numbers(5, 5).empty());
    }

    TEST_CASE("intervals that overlap or touch are one") {
        const Numbers joined({{8, 9}, {1, 4}, {3, 6}, {6, 8}});
        CHECK(joined == Numbers(1, 9));
        CHECK(joined.size() == 2);
        CHECK(joined.least() == 1);
    }

    TEST_CASE("union, intersection and difference are those of sets") {
        std::mt19937 random(1);
        std::size_t empty = 0;
        for (int i = 0; i < 5000; ++i) {
            const Sample a = any_sample(random);
            const Sample b = any_sample(random);
            std::set<unsigned> both;
            std::set<unsigned> rest;
            for (const unsigned member : a.members)
                (b.members.contains(member) ? both : rest).insert(member);
            REQUIRE(members(a.intervals) == a.members);
            REQUIRE(members(a.intervals & b.intervals) == both);
            REQUIRE(members(a.intervals - b.intervals) == rest);
            REQUIRE((a.intervals - b.intervals).empty() ==
                    (rest.empty() && (a.intervals - b.intervals).size() == 0));
            empty += both.empty() ? std::size_t{1} : 0;
        }
        CHECK(empty > 100);
        CHECK(empty < 4900);
    }

    TEST_CASE("texts are ordered octet by octet") {
        const IntervalSet<std::string> one("b", std::string("b\0", 2));
        CHECK(one.contains("b"));
        CHECK(!one.contains("ba"));
        CHECK(!one.contains("a"));
        CHECK((IntervalSet<std::string>() - one).contains("ba"));
    }
}
