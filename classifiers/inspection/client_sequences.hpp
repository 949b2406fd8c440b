#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace octroi {

/// `a` before `b` modulo 2^32 (RFC 9293 3.4): negative; behind it: positive.
[[nodiscard]] constexpr std::int32_t sequence_distance(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b);
}

/// Where the stream of a TCP client may begin: one behind the number of each SYN that it sent on
/// these ports. Which of them the server took, its acknowledgements say. The first is kept, and the
/// newest of the others.
class ClientSequences {
  public:
    static constexpr std::size_t capacity = 4;

    void add(std::uint32_t first) {
        for (const std::uint32_t known : all())
            if (known == first)
                return;
        if (size_ == capacity) {
            for (std::size_t i = 2; i < capacity; ++i)
                firsts_[i - 1] = firsts_[i];
            --size_;
        }
        firsts_[size_++] = first;
    }

    /// The server took this one.
    void settle(std::uint32_t first) {
        firsts_[0] = first;
        size_ = 1;
    }

    [[nodiscard]] bool disputed() const { return size_ > 1; }

    [[nodiscard]] std::span<const std::uint32_t> all() const {
        return std::span(firsts_).first(size_);
    }

  private:
    std::array<std::uint32_t, capacity> firsts_{};
    std::size_t size_ = 0;
};

/// Urgent octets of a stream, each by its sequence number: the receiving program reads them apart
/// from the others, as a rule (RFC 6093 3.4). The newest are kept.
class UrgentOctets {
  public:
    static constexpr std::size_t capacity = 8;

    void add(std::uint32_t sequence) {
        for (std::size_t i = 0; i < size_; ++i)
            if (places_[i] == sequence)
                return;
        if (size_ == capacity)
            --size_;
        places_[size_++] = sequence;
    }

    [[nodiscard]] bool empty() const { return size_ == 0; }

    /// Whether there are several, of which a receiver heeds any.
    [[nodiscard]] bool several() const { return size_ > 1; }

    /// Takes them out of a stream's octets, of which the first has number `first`.
    void remove_from(std::vector<std::uint8_t>& octets, std::uint32_t first) const;

  private:
    std::array<std::uint32_t, capacity> places_{};
    std::size_t size_ = 0;
};

}  // namespace octroi
