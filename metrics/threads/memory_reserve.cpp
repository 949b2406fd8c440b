#include "metrics/threads/memory_reserve.hpp"

#include <cstdlib>
#include <new>
#include <utility>

namespace octroi {
namespace {

// A new-handler takes no arguments: what it gives back has to be found by the thread. No object
// with a destructor, which glibc would need memory for.
constinit thread_local void* set_aside = nullptr;

bool give_back() {
    void* memory = std::exchange(set_aside, nullptr);
    std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
    return memory != nullptr;
}

}  // namespace

MemoryReserve::MemoryReserve(std::size_t octets) {
    [[maybe_unused]] static const std::new_handler before = std::set_new_handler([] {
        if (!give_back())
            throw std::bad_alloc();
    });
    give_back();
    set_aside = std::malloc(octets);  // NOLINT(cppcoreguidelines-no-malloc)
    if (set_aside == nullptr)
        throw std::bad_alloc();
}

MemoryReserve::~MemoryReserve() {
    give_back();
}

}  // namespace octroi
