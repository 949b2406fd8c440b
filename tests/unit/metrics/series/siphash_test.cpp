#include "metrics/series/siphash.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("siphash") {
    // Aumasson and Bernstein 2012, appendix A; and their vectors.h for lengths 0 and 8.
    TEST_CASE("the published vectors hold") {
        const SipKey key{.low = 0x0706050403020100, .high = 0x0f0e0d0c0b0a0908};
        std::vector<std::uint8_t> text;
        const auto of_length = [&](std::size_t length) {
            text.clear();
            for (std::size_t i = 0; i < length; ++i)
                text.push_back(static_cast<std::uint8_t>(i));
            return siphash(key, text);
        };
        CHECK(of_length(0) == 0x726fdb47dd0e0e31);
        CHECK(of_length(8) == 0x93f5f5799a932462);
        CHECK(of_length(15) == 0xa129ca6149be45e5);
    }

    TEST_CASE("another key gives another hash") {
        CHECK(siphash({.low = 1}, {}) != siphash({.low = 2}, {}));
        CHECK(siphash({.high = 1}, {}) != siphash({.high = 2}, {}));
    }
}
