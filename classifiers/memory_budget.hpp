#pragma once

#include <cstddef>
#include <utility>

namespace octroi {

/// How many octets the buffers of one worker may hold together. Not shared between threads.
class MemoryBudget {
  public:
    explicit MemoryBudget(std::size_t limit) : limit_(limit) {}

    [[nodiscard]] std::size_t used() const { return used_; }

    [[nodiscard]] std::size_t limit() const { return limit_; }

    /// Octets taken from a budget; they go back when this is destroyed. The budget must outlive it.
    class Reservation {
      public:
        Reservation() = default;

        Reservation(Reservation&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)),
              size_(std::exchange(other.size_, 0)) {}

        Reservation& operator=(Reservation&& other) noexcept {
            std::swap(budget_, other.budget_);
            std::swap(size_, other.size_);
            return *this;
        }

        Reservation(const Reservation&) = delete;
        Reservation& operator=(const Reservation&) = delete;

        ~Reservation() { release(); }

        /// Grows to `size` octets in all; false, and nothing changed, where the budget has no room.
        [[nodiscard]] bool grow(MemoryBudget& budget, std::size_t size) {
            if (size <= size_)
                return true;
            const std::size_t more = size - size_;
            if (more > budget.limit_ - budget.used_)
                return false;
            budget.used_ += more;
            budget_ = &budget;
            size_ = size;
            return true;
        }

        void release() {
            if (budget_ != nullptr)
                budget_->used_ -= size_;
            budget_ = nullptr;
            size_ = 0;
        }

      private:
        MemoryBudget* budget_ = nullptr;
        std::size_t size_ = 0;
    };

  private:
    std::size_t limit_;
    std::size_t used_ = 0;
};

}  // namespace octroi
