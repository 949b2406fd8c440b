#include "daemon/published_ruleset.hpp"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("published_ruleset") {
    TEST_CASE("before the first one there is none") {
        CHECK(PublishedRuleset().load() == nullptr);
    }

    // What two threads do to it, only ThreadSanitizer sees.
    TEST_CASE("a ruleset stays whole for who took it, however often others are published") {
        constexpr std::uint8_t last = 60;
        PublishedRuleset published;
        published.store(std::make_shared<const Ruleset>(Ruleset{.generation = 1}));
        std::atomic<bool> in_order{true};
        std::thread reader([&] {
            for (std::uint8_t seen = 1; seen < last;) {
                const auto ruleset = published.load();
                if (ruleset->generation < seen)
                    in_order = false;
                seen = ruleset->generation;
            }
        });
        for (std::uint8_t generation = 2; generation <= last; ++generation)
            published.store(std::make_shared<const Ruleset>(Ruleset{.generation = generation}));
        reader.join();
        CHECK(in_order);
        CHECK(published.load()->generation == last);
    }
}
