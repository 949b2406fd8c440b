#include "metrics/threads/spsc_ring.hpp"

#include <memory>
#include <thread>

#include <doctest/doctest.h>

using octroi::SpscRing;

TEST_SUITE("spsc ring") {
    TEST_CASE("gives items back in order") {
        SpscRing<int> ring(3);
        CHECK(ring.push(1));
        CHECK(ring.push(2));
        int item = 0;
        CHECK(ring.pop(item));
        CHECK(item == 1);
        CHECK(ring.pop(item));
        CHECK(item == 2);
        CHECK_FALSE(ring.pop(item));
        CHECK(item == 2);
    }

    TEST_CASE("holds exactly its capacity, over and over") {
        SpscRing<int> ring(3);
        for (int round = 0; round < 10; ++round) {
            CHECK(ring.push(round));
            CHECK(ring.push(round + 1));
            CHECK(ring.push(round + 2));
            CHECK_FALSE(ring.push(99));
            for (int i = 0; i < 3; ++i) {
                int item = 0;
                CHECK(ring.pop(item));
                CHECK(item == round + i);
            }
        }
    }

    TEST_CASE("carries items that can only be moved") {
        SpscRing<std::unique_ptr<int>> ring(1);
        CHECK(ring.push(std::make_unique<int>(7)));
        std::unique_ptr<int> item;
        CHECK(ring.pop(item));
        CHECK(*item == 7);
    }

    TEST_CASE("nothing is lost, doubled or swapped between two threads") {
        constexpr int count = 200'000;
        SpscRing<int> ring(64);
        std::thread producer([&] {
            for (int i = 0; i < count;)
                if (ring.push(i))
                    ++i;
                else
                    std::this_thread::yield();
        });
        int expected = 0;
        bool in_order = true;
        while (expected < count) {
            int item = -1;
            if (ring.pop(item))
                in_order = in_order && item == expected++;
            else
                std::this_thread::yield();
        }
        producer.join();
        CHECK(in_order);
        int item = 0;
        CHECK_FALSE(ring.pop(item));
    }
}
