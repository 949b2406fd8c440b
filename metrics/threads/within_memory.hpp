#pragma once

#include <new>

namespace octroi {

/// Does the work; whether there was memory for all of it. Without, a thread goes on with what comes
/// next, and counts what was lost.
[[nodiscard]] bool within_memory(const auto& work) {
    try {
        work();
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

}  // namespace octroi
