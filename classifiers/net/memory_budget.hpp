#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace octroi {

/// How many octets the buffers of one worker may hold together. Not shared between threads.
///
/// Nobody gets more than a share of them: who fills buffers takes them from himself. Clients are
/// told apart by a hash of their address, so a few of them have a share together.
class MemoryBudget {
  public:
    static constexpr std::size_t shares = 1024;

    explicit MemoryBudget(std::size_t limit) : MemoryBudget(limit, limit) {}

    MemoryBudget(std::size_t limit, std::size_t share) : limit_(limit), share_(share) {}

    /// On whose account the reservations are that are made from now on.
    void charge(std::size_t client_hash) {
        client_ = static_cast<std::uint16_t>(client_hash % shares);
    }

    [[nodiscard]] std::size_t used() const { return used_; }

    [[nodiscard]] std::size_t limit() const { return limit_; }

    /// Octets taken from a budget; they go back when this is destroyed. The budget must outlive it.
    class Reservation {
      public:
        Reservation() = default;

        Reservation(Reservation&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)),
              size_(std::exchange(other.size_, 0)),
              client_(other.client_) {}

        Reservation& operator=(Reservation&& other) noexcept {
            std::swap(budget_, other.budget_);
            std::swap(size_, other.size_);
            std::swap(client_, other.client_);
            return *this;
        }

        Reservation(const Reservation&) = delete;
        Reservation& operator=(const Reservation&) = delete;

        ~Reservation() { release(); }

        /// Grows to `size` octets in all; false, and nothing changed, where the budget or the
        /// client's share has no room.
        [[nodiscard]] bool grow(MemoryBudget& budget, std::size_t size) {
            if (size <= size_)
                return true;
            const std::size_t more = size - size_;
            if (budget_ == nullptr)
                client_ = budget.client_;
            std::size_t& share = budget.used_by_[client_];
            if (more > budget.limit_ - budget.used_ || more > budget.share_ - share)
                return false;
            share += more;
            budget.used_ += more;
            budget_ = &budget;
            size_ = size;
            return true;
        }

        void release() noexcept {
            if (budget_ != nullptr) {
                budget_->used_ -= size_;
                budget_->used_by_[client_] -= size_;
            }
            budget_ = nullptr;
            size_ = 0;
        }

      private:
        MemoryBudget* budget_ = nullptr;
        std::size_t size_ = 0;
        std::uint16_t client_ = 0;
    };

  private:
    std::size_t limit_;
    std::size_t share_;
    std::size_t used_ = 0;
    std::uint16_t client_ = 0;
    std::array<std::size_t, shares> used_by_{};
};

}  // namespace octroi
