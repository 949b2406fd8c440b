#include "classifiers/quic/quic_memory.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace octroi::quic {
namespace {

// Whether two pieces of a stream have the same values where they overlap.
bool agree(const CryptoFrame& one, const CryptoFrame& other) {
    const std::uint64_t begin = std::max(one.offset, other.offset);
    const std::uint64_t end =
        std::min(one.offset + one.data.size(), other.offset + other.data.size());
    return begin >= end ||
           std::ranges::equal(one.data.subspan(begin - one.offset, end - begin),
                              other.data.subspan(begin - other.offset, end - begin));
}

bool covers(const CryptoFrame& whole, const CryptoFrame& part) {
    return whole.offset <= part.offset &&
           part.offset + part.data.size() <= whole.offset + whole.data.size();
}

}  // namespace

Memory::Memory() : slots_(places) {
    index_.reserve(places);
}

const Memory::Slot* Memory::find(const Place& place) const {
    const auto found = index_.find(place);
    return found == index_.end() ? nullptr : &slots_[found->second];
}

CryptoFrame Memory::frame_at(const Slot& slot, std::size_t at) {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::memcpy(&offset, slot.octets.data() + at, sizeof offset);
    std::memcpy(&size, slot.octets.data() + at + sizeof offset, sizeof size);
    return {.offset = offset, .data = Bytes(slot.octets).subspan(at + header_size, size)};
}

Memory::Slot& Memory::slot_for(const Place& place) {
    const auto [entry, fresh] = index_.try_emplace(place, oldest_);
    if (!fresh)
        return slots_[entry->second];
    Slot& slot = slots_[oldest_];
    forget_oldest();
    slot.place = place;
    return slot;
}

Memory::Opinion Memory::note(const Place& place, const CryptoFrame& frame) {
    const Opinion opinion = compare(place, frame);
    if (opinion != Opinion::unknown)
        return opinion;
    Slot& slot = slot_for(place);
    if (frame.offset < place_limit &&
        slot.octets.size() + header_size + frame.data.size() <= place_limit) {
        if (!extend_last(slot, frame) && slot.pieces < most_pieces)
            append(slot, frame.offset, frame.data);
        make_room(slot);
    }
    return opinion;
}

std::uint64_t Memory::expected_number(const Place& place) const {
    const Slot* slot = find(place);
    return slot == nullptr ? 0 : slot->expected_number;
}

void Memory::expect_number(const Place& place, std::uint64_t number) {
    slot_for(place).expected_number = number;
}

void Memory::forget(const Place& place) {
    const auto found = index_.find(place);
    if (found == index_.end())
        return;
    Slot& slot = slots_[found->second];
    used_ -= slot.octets.size();
    slot.octets.clear();
    slot.pieces = 0;
    slot.whole = 0;
}

// A whole message stays a piece of its own.
bool Memory::extend_last(Slot& slot, const CryptoFrame& frame) {
    if (slot.pieces == 0)
        return false;
    const CryptoFrame last = frame_at(slot, slot.last);
    if (last.offset + last.data.size() != frame.offset || last.offset < slot.whole)
        return false;
    const auto size = static_cast<std::uint32_t>(last.data.size() + frame.data.size());
    std::memcpy(slot.octets.data() + slot.last + sizeof size, &size, sizeof size);
    slot.octets.insert(slot.octets.end(), frame.data.begin(), frame.data.end());
    used_ += frame.data.size();
    return true;
}

Bytes Memory::keep_whole(const Place& place, std::size_t start, Bytes message) {
    Slot& slot = slot_for(place);
    std::vector<std::uint8_t> pieces;  // which `message` may lie in
    if (slot.whole != start || start == 0) {
        pieces.swap(slot.octets);
        used_ -= pieces.size();
        slot.pieces = 0;
    }
    append(slot, start, message);
    slot.whole = static_cast<std::uint32_t>(start + message.size());
    make_room(slot);
    return Bytes(slot.octets).last(message.size());
}

Memory::Opinion Memory::compare(const Place& place, const CryptoFrame& frame) const {
    Opinion opinion = Opinion::unknown;
    for_each(place, [&](const CryptoFrame& kept) {
        if (!agree(kept, frame))
            opinion = Opinion::differs;
        else if (covers(kept, frame))
            opinion = Opinion::agrees;
        return opinion == Opinion::unknown;
    });
    return opinion;
}

std::size_t Memory::whole(const Place& place) const {
    const Slot* slot = find(place);
    return slot == nullptr ? 0 : slot->whole;
}

void Memory::append(Slot& slot, std::size_t offset, Bytes data) {
    const auto put = [&](std::uint32_t value) {
        std::array<std::uint8_t, sizeof value> octets{};
        std::memcpy(octets.data(), &value, sizeof value);
        slot.octets.insert(slot.octets.end(), octets.begin(), octets.end());
    };
    const std::size_t before = slot.octets.size();
    slot.last = before;
    ++slot.pieces;
    slot.octets.reserve(before + header_size + data.size());
    put(static_cast<std::uint32_t>(offset));
    put(static_cast<std::uint32_t>(data.size()));
    slot.octets.insert(slot.octets.end(), data.begin(), data.end());
    used_ += slot.octets.size() - before;
}

void Memory::forget_oldest() {
    Slot& slot = slots_[oldest_];
    if (const auto entry = index_.find(slot.place);
        entry != index_.end() && entry->second == oldest_)
        index_.erase(entry);
    used_ -= slot.octets.size();
    slot = Slot();
    oldest_ = (oldest_ + 1) % places;
}

void Memory::make_room(const Slot& spared) {
    while (used_ > limit) {
        if (&slots_[oldest_] == &spared)
            oldest_ = (oldest_ + 1) % places;
        else
            forget_oldest();
    }
}

}  // namespace octroi::quic
