#pragma once

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

namespace octroi {

/// A bounded queue from one producer thread to one consumer thread, without locks (Lamport 1983).
template <typename T>
// Padded on purpose: each thread's index has a cache line of its own.
class SpscRing {  // NOLINT(clang-analyzer-optin.performance.Padding)
  public:
    explicit SpscRing(std::size_t capacity) : items_(capacity + 1) {}

    /// False, and nothing stored, where the ring is full. Producer only.
    [[nodiscard]] bool push(T item) {
        const std::size_t tail = tail_.load(std::memory_order_relaxed);
        const std::size_t next = after(tail);
        if (next == head_.load(std::memory_order_acquire))
            return false;
        items_[tail] = std::move(item);
        tail_.store(next, std::memory_order_release);
        return true;
    }

    /// False where the ring is empty. Consumer only.
    [[nodiscard]] bool pop(T& item) {
        const std::size_t head = head_.load(std::memory_order_relaxed);
        if (head == tail_.load(std::memory_order_acquire))
            return false;
        item = std::move(items_[head]);
        head_.store(after(head), std::memory_order_release);
        return true;
    }

  private:
    static constexpr std::size_t cache_line = 64;

    [[nodiscard]] std::size_t after(std::size_t index) const {
        return index + 1 == items_.size() ? 0 : index + 1;
    }

    std::vector<T> items_;
    alignas(cache_line) std::atomic<std::size_t> head_{0};
    alignas(cache_line) std::atomic<std::size_t> tail_{0};
};

}  // namespace octroi
