#include "daemon/kernel/mark.hpp"

#include <bit>

#include <doctest/doctest.h>

using namespace octroi;

static_assert(MarkLayout::bits == 20);
static_assert(MarkLayout::max_generation == 63);
static_assert(MarkLayout::max_shift == 12);
static_assert(max_service_id == (1U << MarkLayout::service_bits) - 1);
static_assert(MarkLayout().mask() == 0xfffff000);
static_assert(MarkLayout().state_mask() == 0xe0000000);
static_assert(MarkLayout().generation_mask() == 0x1f800000);
static_assert(MarkLayout().encode({.state = MarkState::reject, .generation = 1, .service = 1}) ==
              0x80801000);
static_assert(MarkLayout(0).encode(
                  {.state = MarkState::accept, .generation = 63, .service = 2047}) == 0x0005ffff);

TEST_SUITE("mark") {
    TEST_CASE("what is encoded is decoded, at every shift") {
        for (unsigned shift = 0; shift <= MarkLayout::max_shift; ++shift) {
            const MarkLayout layout(shift);
            for (unsigned state = 0; state <= 4; ++state)
                for (const unsigned generation : {0U, 1U, 31U, 63U})
                    for (const unsigned service : {0U, 1U, 1024U, 2047U}) {
                        const Mark mark{.state = static_cast<MarkState>(state),
                                        .generation = static_cast<std::uint8_t>(generation),
                                        .service = static_cast<ServiceId>(service)};
                        const std::uint32_t value = layout.encode(mark);
                        REQUIRE((value & ~layout.mask()) == 0);
                        REQUIRE(layout.decode(value) == mark);
                    }
        }
    }

    TEST_CASE("bits of other programs are not read") {
        for (unsigned shift = 0; shift <= MarkLayout::max_shift; ++shift) {
            const MarkLayout layout(shift);
            CHECK(layout.decode(~layout.mask()) == Mark{});
            const Mark mark{.state = MarkState::accept, .generation = 5, .service = 9};
            CHECK(layout.decode(layout.encode(mark) | ~layout.mask()) == mark);
        }
    }

    TEST_CASE("state, generation and service share no bit and fill the mask") {
        for (unsigned shift = 0; shift <= MarkLayout::max_shift; ++shift) {
            const MarkLayout layout(shift);
            const std::uint32_t service = layout.encode({.service = max_service_id});
            CHECK((layout.state_mask() | layout.generation_mask() | service) == layout.mask());
            CHECK(std::popcount(layout.state_mask()) + std::popcount(layout.generation_mask()) +
                      std::popcount(service) ==
                  20);
        }
    }

    TEST_CASE("generations go round from 1 to 63 and never are 0") {
        std::uint8_t generation = 0;
        for (int i = 1; i <= 63; ++i) {
            generation = next_generation(generation);
            CHECK(generation == i);
        }
        CHECK(next_generation(generation) == 1);
        CHECK(next_generation(255) == 1);
    }
}
