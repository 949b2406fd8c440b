#include "metrics/threads/published.hpp"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("published") {
    TEST_CASE("before the first one there is none") {
        CHECK(Published<int>().load() == nullptr);
    }

    // What two threads do to it, only ThreadSanitizer sees.
    TEST_CASE("what was taken stays whole, however often others are published") {
        constexpr int last = 60;
        Published<int> published(std::make_shared<const int>(1));
        std::atomic<bool> in_order{true};
        std::thread reader([&] {
            for (int seen = 1; seen < last;) {
                const auto taken = published.load();
                if (*taken < seen)
                    in_order = false;
                seen = *taken;
            }
        });
        for (int next = 2; next <= last; ++next)
            published.store(std::make_shared<const int>(next));
        reader.join();
        CHECK(in_order);
        CHECK(*published.load() == last);
    }
}
