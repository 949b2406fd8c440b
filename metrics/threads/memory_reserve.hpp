#pragma once

#include <cstddef>

namespace octroi {

/// Memory for work that can't stop half way: nlohmann-json allocates in destructors, where an
/// exception ends the process. While the reserve lives, the first `new` of this thread that finds
/// no memory gives it back to the allocator and succeeds; so what may fail fails at the begin, by
/// std::bad_alloc of the constructor. `octets` is to be more than the work takes. One at a time in
/// a thread.
class MemoryReserve {
  public:
    explicit MemoryReserve(std::size_t octets);

    MemoryReserve(const MemoryReserve&) = delete;
    MemoryReserve& operator=(const MemoryReserve&) = delete;
    MemoryReserve(MemoryReserve&&) = delete;
    MemoryReserve& operator=(MemoryReserve&&) = delete;
    ~MemoryReserve();
};

}  // namespace octroi
