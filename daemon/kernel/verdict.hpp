#pragma once

#include "daemon/kernel/mark.hpp"
#include "rules/policy/policy.hpp"

namespace octroi {

/// What is sent to the kernel for one packet.
struct Verdict {
    enum class Kind : std::uint8_t {
        mark,    ///< NF_REPEAT with a mark: the rules of OCTROI do the rest
        discard  ///< NF_DROP: this packet only, nothing is remembered
    };

    Kind kind = Kind::mark;
    Mark mark;

    bool operator==(const Verdict&) const = default;
};

[[nodiscard]] constexpr MarkState to_mark_state(Action action) {
    switch (action) {
        case Action::accept:
            return MarkState::accept;
        case Action::drop:
            return MarkState::drop;
        case Action::reject:
            return MarkState::reject;
    }
    return MarkState::drop;
}

static_assert(to_mark_state(Action::accept) == MarkState::accept);
static_assert(to_mark_state(Action::drop) == MarkState::drop);
static_assert(to_mark_state(Action::reject) == MarkState::reject);

/// The verdict that ends a flow's stay in user space.
[[nodiscard]] constexpr Verdict decided(Action action, std::uint8_t generation, ServiceId service) {
    return {.mark = {.state = to_mark_state(action), .generation = generation, .service = service}};
}

/// This packet goes on, the flow stays undecided.
[[nodiscard]] constexpr Verdict pass() {
    return {.mark = {.state = MarkState::pass}};
}

/// This packet goes on, the flow stays undecided, and the kernel leaves out none of its segments.
[[nodiscard]] constexpr Verdict watch() {
    return {.mark = {.state = MarkState::watch}};
}

/// The same while it is open whether the flow is still the accepted one of that service.
[[nodiscard]] constexpr Verdict watch_over(const Mark& accepted) {
    return {.mark = {.state = MarkState::watch, .service = accepted.service}};
}

/// This packet ends here, the flow stays undecided.
[[nodiscard]] constexpr Verdict discard() {
    return {.kind = Verdict::Kind::discard};
}

}  // namespace octroi
