#include "classifiers/tcp_stream.hpp"

#include <algorithm>

namespace octroi {
namespace {

constexpr std::size_t bits_per_word = 64;
constexpr std::size_t page = 2048;

// Bytes and their bitmap, in whole pages so that one-byte segments do not reallocate each time.
std::size_t footprint(std::size_t size) {
    return size + size / 8;
}

std::size_t rounded(std::size_t size) {
    return (size + page - 1) / page * page;
}

}  // namespace

void TcpStream::start(std::uint32_t first_sequence) {
    first_sequence_ = first_sequence;
    started_ = true;
}

void TcpStream::clear() {
    *this = TcpStream();
}

void TcpStream::forget_octets() {
    const std::uint32_t first = first_sequence_;
    const bool started = started_;
    clear();
    first_sequence_ = first;
    started_ = started;
}

bool TcpStream::make_room(std::size_t size, MemoryBudget& budget) {
    if (size <= bytes_.size())
        return true;
    const std::size_t reserved = rounded(size);
    if (!reservation_.grow(budget, footprint(reserved)))
        return false;
    bytes_.reserve(reserved);
    bytes_.resize(size);
    present_.resize(reserved / bits_per_word);
    return true;
}

bool TcpStream::has(std::size_t offset) const {
    return offset < contiguous_ ||
           (offset < bytes_.size() &&
            (present_[offset / bits_per_word] >> (offset % bits_per_word) & 1U) != 0);
}

bool TcpStream::agrees(std::size_t offset, Bytes payload) const {
    const std::size_t known =
        offset < contiguous_ ? std::min(contiguous_ - offset, payload.size()) : 0;
    if (!std::ranges::equal(payload.first(known),
                            Bytes(bytes_).subspan(known == 0 ? 0 : offset, known)))
        return false;
    const std::size_t end = std::min(offset + payload.size(), bytes_.size());
    for (std::size_t at = offset + known; at < end; ++at) {
        if (present_[at / bits_per_word] == 0)
            at |= bits_per_word - 1;  // nothing is there up to the next word
        else if (has(at) && bytes_[at] != payload[at - offset])
            return false;
    }
    return true;
}

void TcpStream::note_present(std::size_t begin, std::size_t end) {
    while (begin < end) {
        const std::size_t bit = begin % bits_per_word;
        const std::size_t count = std::min(bits_per_word - bit, end - begin);
        present_[begin / bits_per_word] |= ~std::uint64_t{0} >> (bits_per_word - count) << bit;
        begin += count;
    }
}

void TcpStream::store(std::size_t offset, Bytes payload) {
    std::ranges::copy(payload, bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
    if (offset <= contiguous_)
        contiguous_ = std::max(contiguous_, offset + payload.size());
    else
        note_present(offset, offset + payload.size());
    while (has(contiguous_))
        ++contiguous_;
}

// RFC 9293 3.4: sequence numbers are compared modulo 2^32.
TcpStream::Placed TcpStream::place(std::uint32_t sequence, Bytes payload) const {
    const auto distance = static_cast<std::int32_t>(sequence - first_sequence_);
    if (distance < 0) {
        const std::size_t before = static_cast<std::uint32_t>(first_sequence_ - sequence);
        if (before >= payload.size())
            return {};
        payload = payload.subspan(before);
    }
    const std::size_t offset = distance < 0 ? 0 : static_cast<std::size_t>(distance);
    if (offset >= capacity)
        return {};
    return {.offset = offset, .octets = payload.first(std::min(payload.size(), capacity - offset))};
}

TcpStream::Result TcpStream::insert(std::uint32_t sequence, Bytes payload, MemoryBudget& budget) {
    const auto [offset, octets] = place(sequence, payload);
    if (octets.empty())
        return Result::unchanged;
    if (!agrees(offset, octets))
        return Result::conflict;
    if (!make_room(offset + octets.size(), budget))
        return Result::no_memory;
    const std::size_t before = contiguous_;
    store(offset, octets);
    return contiguous_ > before ? Result::advanced : Result::unchanged;
}

bool TcpStream::contradicts(std::uint32_t sequence, Bytes payload) const {
    const auto [offset, octets] = place(sequence, payload);
    return !octets.empty() && !agrees(offset, octets);
}

void TcpStream::truncate(std::size_t size) {
    if (size >= bytes_.size())
        return;
    bytes_.resize(size);
    contiguous_ = std::min(contiguous_, size);
    std::ranges::fill(present_, 0);
}

}  // namespace octroi
