#include "rules/policy/rollout.hpp"

#include <array>
#include <string>

#include <doctest/doctest.h>

#include "tests/policy/samples.hpp"

using octroi::rollout_bucket;
using octroi::samples::address;

TEST_SUITE("rollout") {
    TEST_CASE("a client's place is the same everywhere and for ever") {
        // Written down: a change of the hash would move clients in and out of running rollouts.
        CHECK(rollout_bucket("foreign-conferencing", address("10.20.4.7")) == 0);
        CHECK(rollout_bucket("leisure", address("10.20.4.7")) == 50);
        CHECK(rollout_bucket("foreign-conferencing", address("fd00:20::7")) == 73);
        CHECK(rollout_bucket("foreign-conferencing", address("fd00:20::8")) == 73);
    }

    TEST_CASE("places are spread evenly, and anew for each rule") {
        std::array<int, 100> counts{};
        int same = 0;
        constexpr int clients = 20'000;
        for (int i = 0; i < clients; ++i) {
            const auto client =
                address("10.20." + std::to_string(i / 256) + "." + std::to_string(i % 256));
            const unsigned bucket = rollout_bucket("a", client);
            REQUIRE(bucket < 100);
            ++counts.at(bucket);
            same += rollout_bucket("b", client) == bucket ? 1 : 0;
        }
        for (const int count : counts) {
            CHECK(count > 130);
            CHECK(count < 280);
        }
        CHECK(same < 400);  // 200 are expected
    }
}
