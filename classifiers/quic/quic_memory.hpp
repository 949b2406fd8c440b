#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/net/flow_key.hpp"
#include "classifiers/quic/quic_packet.hpp"

namespace octroi::quic {

/// A connection as its server knows it before it has answered. The client's port is no part of it:
/// a server takes the rest of a ClientHello from another port as well.
struct Place {
    Address client;
    Endpoint server;
    Identity connection;

    bool operator==(const Place&) const = default;

    template <typename H>
    friend H AbslHashValue(H state, const Place& place) {
        return H::combine(std::move(state), place.client, place.server.address, place.server.port,
                          place.connection);
    }
};

/// What clients sent of their ClientHellos in the newest connections of a worker, so that it can be
/// told whether more of it is a repetition, goes on with it, or contradicts it. Bounded: the newest
/// push out the oldest.
class Memory {
  public:
    enum class Opinion : std::uint8_t {
        unknown,  ///< never seen, or not the whole of it
        agrees,   ///< all of it was seen, with these values
        differs   ///< some of it was seen, with another value
    };

    static constexpr std::size_t places = 2048;
    static constexpr std::size_t limit = 4UL * 1024 * 1024;   ///< octets of all places
    static constexpr std::size_t place_limit = 128UL * 1024;  ///< octets of one
    static constexpr std::size_t most_pieces = 256;           ///< of one: each costs time

    Memory();

    /// Keeps what a connection sent, unless it is known or contradicts what is kept; says so.
    Opinion note(const Place& place, const CryptoFrame& frame);

    /// Keeps a whole message in the stead of its pieces: `start` octets of the stream precede it.
    /// Gives the kept octets, to be read before the memory takes anything else.
    [[nodiscard]] Bytes keep_whole(const Place& place, std::size_t start, Bytes message);

    /// The packet number that is expected next, where packets of other ports told it; else 0.
    [[nodiscard]] std::uint64_t expected_number(const Place& place) const;

    void expect_number(const Place& place, std::uint64_t number);

    /// Forgets what a connection sent.
    void forget(const Place& place);

    [[nodiscard]] Opinion compare(const Place& place, const CryptoFrame& frame) const;

    [[nodiscard]] bool knows(const Place& place) const { return find(place) != nullptr; }

    /// Up to where the stream was read as whole messages; 0 where nothing was.
    [[nodiscard]] std::size_t whole(const Place& place) const;

    /// Calls `visit` for each piece that is kept, until it gives false.
    template <typename Visit>
    void for_each(const Place& place, Visit visit) const {
        const Slot* slot = find(place);
        if (slot == nullptr)
            return;
        for (std::size_t at = 0; at < slot->octets.size();) {
            const CryptoFrame frame = frame_at(*slot, at);
            if (!visit(frame))
                return;
            at += header_size + frame.data.size();
        }
    }

    /// How many octets all places hold.
    [[nodiscard]] std::size_t used() const { return used_; }

  private:
    static constexpr std::size_t header_size = 8;

    // Pieces one after the other, each behind its offset and its length.
    struct Slot {
        Place place;
        std::uint32_t whole = 0;
        std::uint32_t pieces = 0;
        std::size_t last = 0;  ///< where the last piece begins
        std::uint64_t expected_number = 0;
        std::vector<std::uint8_t> octets;
    };

    [[nodiscard]] const Slot* find(const Place& place) const;
    [[nodiscard]] static CryptoFrame frame_at(const Slot& slot, std::size_t at);
    [[nodiscard]] Slot& slot_for(const Place& place);
    void append(Slot& slot, std::size_t offset, Bytes data);
    [[nodiscard]] bool extend_last(Slot& slot, const CryptoFrame& frame);
    void forget_oldest();
    void make_room(const Slot& spared);

    std::vector<Slot> slots_;  ///< a ring, by age
    std::size_t oldest_ = 0;
    absl::flat_hash_map<Place, std::size_t> index_;
    std::size_t used_ = 0;
};

}  // namespace octroi::quic
