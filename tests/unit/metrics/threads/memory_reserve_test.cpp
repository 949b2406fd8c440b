#include "metrics/threads/memory_reserve.hpp"

#include <new>
#include <thread>

#include <doctest/doctest.h>

using namespace octroi;

namespace {

// What `new` does when it finds no memory; true where it would try again.
bool tries_again() {
    try {
        std::get_new_handler()();
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

}  // namespace

// That it carries an event through a lack of memory: lab.failing_calls.
TEST_SUITE("memory reserve") {
    TEST_CASE("it is given back once") {
        const MemoryReserve reserve(4096);
        CHECK(tries_again());
        CHECK_FALSE(tries_again());
    }

    TEST_CASE("it ends with its scope") {
        {
            const MemoryReserve reserve(4096);
        }
        CHECK_FALSE(tries_again());
        const MemoryReserve anew(4096);
        CHECK(tries_again());
    }

    TEST_CASE("it serves its own thread alone") {
        const MemoryReserve reserve(4096);
        bool other = true;
        std::jthread([&] { other = tries_again(); }).join();
        CHECK_FALSE(other);
        CHECK(tries_again());
    }
}
