#include "classifiers/net/tcp_stream.hpp"

#include <algorithm>

namespace octroi {
namespace {

// Of the contiguous octets, so that segments of one octet do not reallocate each time.
constexpr std::size_t step = 2048;

std::size_t rounded(std::size_t size) {
    return (size + step - 1) / step * step;
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

bool TcpStream::make_room(const Placed& placed, MemoryBudget& budget) {
    const std::size_t end = placed.offset + placed.octets.size();
    const bool in_order = placed.offset <= bytes_.size();
    std::size_t pages = later_.size();
    if (!in_order)
        for (std::size_t page = placed.offset / Page::size; page <= (end - 1) / Page::size; ++page)
            pages += later_.contains(page) ? 0U : 1U;
    // The last page may come to be contiguous with what fills the gap before it.
    const std::size_t contiguous = in_order ? std::max(end, bytes_.size()) : bytes_.size();
    const std::size_t reserved = rounded(contiguous);
    if (!reservation_.grow(budget, reserved + pages * sizeof(Page)))
        return false;
    bytes_.reserve(reserved);
    return true;
}

bool TcpStream::agrees(const Placed& placed) const {
    const auto [offset, octets] = placed;
    const std::size_t known =
        offset < bytes_.size() ? std::min(bytes_.size() - offset, octets.size()) : 0;
    if (!std::ranges::equal(octets.first(known),
                            Bytes(bytes_).subspan(known == 0 ? 0 : offset, known)))
        return false;
    const std::size_t end = offset + octets.size();
    for (auto page = later_.lower_bound((offset + known) / Page::size);
         page != later_.end() && page->first * Page::size < end; ++page) {
        const std::size_t start = page->first * Page::size;
        const std::size_t to = std::min(end, start + Page::size);
        for (std::size_t at = std::max(offset + known, start); at < to; ++at)
            if (page->second.present.test(at - start) &&
                page->second.octets[at - start] != octets[at - offset])
                return false;
    }
    return true;
}

void TcpStream::store(const Placed& placed) {
    if (placed.offset > bytes_.size())
        return store_later(placed);
    const Bytes fresh =
        placed.octets.subspan(std::min(bytes_.size() - placed.offset, placed.octets.size()));
    bytes_.insert(bytes_.end(), fresh.begin(), fresh.end());
    take_later();
}

void TcpStream::store_later(Placed placed) {
    while (!placed.octets.empty()) {
        const std::size_t at = placed.offset % Page::size;
        const std::size_t count = std::min(Page::size - at, placed.octets.size());
        Page& page = later_[placed.offset / Page::size];
        for (std::size_t i = 0; i < count; ++i) {
            page.octets[at + i] = placed.octets[i];
            page.present.set(at + i);
        }
        placed = {.offset = placed.offset + count, .octets = placed.octets.subspan(count)};
    }
}

// What a filled gap makes contiguous.
void TcpStream::take_later() {
    while (!later_.empty()) {
        const auto& [number, page] = *later_.begin();
        const std::size_t start = number * Page::size;
        while (bytes_.size() >= start && bytes_.size() < start + Page::size &&
               page.present.test(bytes_.size() - start))
            bytes_.push_back(page.octets[bytes_.size() - start]);
        if (bytes_.size() < start + Page::size)
            return;
        later_.erase(later_.begin());
    }
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
    const Placed placed = place(sequence, payload);
    if (placed.octets.empty())
        return Result::unchanged;
    if (!agrees(placed))
        return Result::conflict;
    if (!make_room(placed, budget))
        return Result::no_memory;
    const std::size_t before = bytes_.size();
    store(placed);
    return bytes_.size() > before ? Result::advanced : Result::unchanged;
}

bool TcpStream::contradicts(std::uint32_t sequence, Bytes payload) const {
    const Placed placed = place(sequence, payload);
    return !placed.octets.empty() && !agrees(placed);
}

void TcpStream::truncate(std::size_t size) {
    if (size < bytes_.size())
        bytes_.resize(size);
    later_.clear();
}

}  // namespace octroi
