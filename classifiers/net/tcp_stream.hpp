#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/net/memory_budget.hpp"

namespace octroi {

/// The first 64 KiB of one direction of a TCP connection, put in order (RFC 9293 3.4).
///
/// Segments may come late, twice, overlapping or byte by byte. An octet that comes twice with two
/// values is a conflict: the receiver's choice between them is unknown, so nothing read from such a
/// stream can be trusted. What lies behind a gap costs no more memory than a page an octet.
class TcpStream {
  public:
    static constexpr std::size_t capacity = 64UL * 1024;

    enum class Result : std::uint8_t {
        advanced,   ///< contiguous() grew
        unchanged,  ///< repeated, stored for later, or outside the first 64 KiB
        conflict,   ///< differs from what was received before
        no_memory   ///< the worker's buffers are used up; the segment was not stored
    };

    /// Sets the sequence number of the first octet. Must precede insert().
    void start(std::uint32_t first_sequence);

    [[nodiscard]] bool started() const { return started_; }

    [[nodiscard]] std::uint32_t first_sequence() const { return first_sequence_; }

    /// Whether a segment at `sequence` would be the first to arrive and stands at the very start:
    /// then its payload is the stream and need not be stored to be read.
    [[nodiscard]] bool begins_with(std::uint32_t sequence) const {
        return bytes_.empty() && later_.empty() && sequence == first_sequence_;
    }

    [[nodiscard]] Result insert(std::uint32_t sequence, Bytes payload, MemoryBudget& budget);

    /// Whether `payload` at `sequence` has an octet that another one was received in the place of.
    [[nodiscard]] bool contradicts(std::uint32_t sequence, Bytes payload) const;

    /// Forgets all octets but the first `size`: the receiver took no more.
    void truncate(std::size_t size);

    /// The octets from the start of the stream up to the first gap.
    [[nodiscard]] Bytes contiguous() const { return bytes_; }

    /// Frees the buffers; the stream is as new.
    void clear();

    /// Frees the buffers; the stream still begins where it did.
    void forget_octets();

  private:
    /// A segment's part that lies in the first 64 KiB.
    struct Placed {
        std::size_t offset = 0;
        Bytes octets;
    };

    /// Octets behind the first gap.
    struct Page {
        static constexpr std::size_t size = 1024;

        std::array<std::uint8_t, size> octets;
        std::bitset<size> present;
    };

    [[nodiscard]] Placed place(std::uint32_t sequence, Bytes payload) const;
    [[nodiscard]] bool make_room(const Placed& placed, MemoryBudget& budget);
    [[nodiscard]] bool agrees(const Placed& placed) const;
    void store(const Placed& placed);
    void store_later(Placed placed);
    void take_later();

    std::vector<std::uint8_t> bytes_;    ///< up to the first gap
    std::map<std::size_t, Page> later_;  ///< by number, where an octet of it came
    MemoryBudget::Reservation reservation_;
    std::uint32_t first_sequence_ = 0;
    bool started_ = false;
};

}  // namespace octroi
