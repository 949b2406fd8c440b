#pragma once

#include <cstdint>

#include "rules/policy/policy.hpp"

namespace octroi {

/// What the kernel is told about a packet or a flow (docs/architecture.md, "The mark").
enum class MarkState : std::uint8_t {
    none = 0,    ///< never seen by octroi
    pass = 1,    ///< undecided: this packet only
    accept = 2,  ///< the flow is decided
    drop = 3,
    reject = 4,
    watch = 5,       ///< undecided, and every segment of the connection is wanted from now on
    invalid = 6,     ///< of a packet on its way to user space: conntrack calls it INVALID
    established = 7  ///< of a SYN on its way there: its connection is established, not decided
};

[[nodiscard]] constexpr bool is_refusal(MarkState state) {
    return state == MarkState::drop || state == MarkState::reject;
}

/// Whether a flow with this state left user space.
[[nodiscard]] constexpr bool is_decision(MarkState state) {
    return state == MarkState::accept || is_refusal(state);
}

/// octroi's 20 bits of the netfilter mark, from high to low: state:3 | generation:6 | service:11.
struct Mark {
    MarkState state = MarkState::none;
    std::uint8_t generation =
        0;  ///< 1 to 63; tells decisions of the running policy from older ones
    ServiceId service = no_service;

    bool operator==(const Mark&) const = default;
};

/// Where octroi's bits lie in the 32-bit mark.
class MarkLayout {
  public:
    static constexpr unsigned service_bits = 11;
    static constexpr unsigned generation_bits = 6;
    static constexpr unsigned state_bits = 3;
    static constexpr unsigned bits = service_bits + generation_bits + state_bits;
    static constexpr unsigned max_shift = 32 - bits;
    static constexpr unsigned default_shift = 12;
    static constexpr std::uint8_t max_generation = (1U << generation_bits) - 1;

    /// `shift` is the number of low bits left to others, `max_shift` at most.
    explicit constexpr MarkLayout(unsigned shift = default_shift) : shift_(shift) {}

    [[nodiscard]] constexpr std::uint32_t mask() const { return ((1U << bits) - 1) << shift_; }

    [[nodiscard]] constexpr std::uint32_t state_mask() const {
        return ((1U << state_bits) - 1) << (shift_ + service_bits + generation_bits);
    }

    [[nodiscard]] constexpr std::uint32_t generation_mask() const {
        return ((1U << generation_bits) - 1) << (shift_ + service_bits);
    }

    [[nodiscard]] constexpr std::uint32_t encode(Mark mark) const {
        const auto state = static_cast<std::uint32_t>(mark.state);
        return ((state << generation_bits | mark.generation) << service_bits | mark.service)
               << shift_;
    }

    [[nodiscard]] constexpr Mark decode(std::uint32_t value) const {
        const std::uint32_t own = (value & mask()) >> shift_;
        return {.state = static_cast<MarkState>(own >> (generation_bits + service_bits)),
                .generation = static_cast<std::uint8_t>(own >> service_bits & max_generation),
                .service = static_cast<ServiceId>(own & ((1U << service_bits) - 1))};
    }

    bool operator==(const MarkLayout&) const = default;

  private:
    unsigned shift_;
};

/// The generation after `generation`: 1 to 63 in a ring. 0 is never used, because an unmarked
/// connection carries it.
[[nodiscard]] constexpr std::uint8_t next_generation(std::uint8_t generation) {
    return generation >= MarkLayout::max_generation ? std::uint8_t{1}
                                                    : static_cast<std::uint8_t>(generation + 1);
}

[[nodiscard]] constexpr std::uint8_t previous_generation(std::uint8_t generation) {
    return generation <= 1 ? MarkLayout::max_generation : static_cast<std::uint8_t>(generation - 1);
}

}  // namespace octroi
