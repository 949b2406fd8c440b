#include "classifiers/quic_memory.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace octroi::quic {
namespace {

std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

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

// Ids are chosen by chance. A client that chooses them otherwise forgets its own connections.
std::size_t Memory::index_of(const Place& place) {
    const std::hash<std::string_view> hash;
    return (hash(text_of(place.connection.id.bytes())) ^ hash(text_of(place.client.bytes))) %
           places;
}

CryptoFrame Memory::frame_at(const Slot& slot, std::size_t at) {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::memcpy(&offset, slot.octets.data() + at, sizeof offset);
    std::memcpy(&size, slot.octets.data() + at + sizeof offset, sizeof size);
    return {.offset = offset, .data = Bytes(slot.octets).subspan(at + header_size, size)};
}

Memory::Slot& Memory::slot_for(const Place& place) {
    Slot& slot = slots_[index_of(place)];
    if (slot.place != place) {
        clear(slot);
        slot.place = place;
    }
    return slot;
}

Memory::Opinion Memory::note(const Place& place, const CryptoFrame& frame) {
    const Opinion opinion = compare(place, frame);
    if (opinion != Opinion::unknown)
        return opinion;
    Slot& slot = slot_for(place);
    if (frame.offset < place_limit &&
        slot.octets.size() + header_size + frame.data.size() <= place_limit) {
        append(slot, frame.offset, frame.data);
        make_room(slot);
    }
    return opinion;
}

Bytes Memory::keep_whole(const Place& place, std::size_t start, Bytes message) {
    Slot& slot = slot_for(place);
    std::vector<std::uint8_t> pieces;  // which `message` may lie in
    if (slot.whole != start || start == 0) {
        pieces.swap(slot.octets);
        used_ -= pieces.size();
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
    const Slot& slot = slots_[index_of(place)];
    return slot.place == place ? slot.whole : 0;
}

void Memory::append(Slot& slot, std::size_t offset, Bytes data) {
    const auto put = [&](std::uint32_t value) {
        std::array<std::uint8_t, sizeof value> octets{};
        std::memcpy(octets.data(), &value, sizeof value);
        slot.octets.insert(slot.octets.end(), octets.begin(), octets.end());
    };
    const std::size_t before = slot.octets.size();
    slot.octets.reserve(before + header_size + data.size());
    put(static_cast<std::uint32_t>(offset));
    put(static_cast<std::uint32_t>(data.size()));
    slot.octets.insert(slot.octets.end(), data.begin(), data.end());
    used_ += slot.octets.size() - before;
}

void Memory::clear(Slot& slot) {
    used_ -= slot.octets.size();
    slot = Slot();
}

void Memory::make_room(const Slot& spared) {
    while (used_ > limit) {
        hand_ = (hand_ + 1) % places;
        if (&slots_[hand_] != &spared)
            clear(slots_[hand_]);
    }
}

}  // namespace octroi::quic
