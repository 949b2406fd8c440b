#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "classifiers/net/address.hpp"
#include "classifiers/net/packet.hpp"

namespace octroi {

/// Puts the fragments of IP datagrams together (RFC 791 3.2, RFC 8200 4.5), as conntrack does
/// before a packet reaches NFQUEUE: what overlaps takes its whole datagram away, a duplicate
/// changes nothing, a datagram that is not complete in time is forgotten.
///
/// Bounded: 512 datagrams under way, of 64 KiB each at most; the oldest makes room.
class Defragmenter {
  public:
    /// The datagram that `ip_packet` completes; a packet that is no fragment, or that the capture
    /// cut short, as it is; nothing where the fragment waits for others, or is of no use. Borrowed
    /// from `ip_packet` or from this object, until the next call.
    [[nodiscard]] std::optional<Bytes> take(Bytes ip_packet, Time time);

    /// Fragments that did not become part of a whole datagram so far.
    [[nodiscard]] std::uint64_t lost() const { return lost_ + waiting_; }

  private:
    // RFC 791 3.2, RFC 8200 4.5
    struct Key {
        Address source;
        Address destination;
        std::uint32_t identification = 0;
        std::uint8_t protocol = 0;  // IPv4 alone

        auto operator<=>(const Key&) const = default;

        template <typename H>
        friend H AbslHashValue(H state, const Key& key) {
            return H::combine(std::move(state), key.source, key.destination, key.identification,
                              key.protocol);
        }
    };

    struct Fragment {
        Key key;
        std::size_t begin = 0;
        std::size_t end = 0;
        bool last = false;
        Bytes data;
        std::vector<std::uint8_t> header;  // of the datagram, without the marks of a fragment
    };

    enum class Fit : std::uint8_t { fresh, duplicate, broken };

    struct Datagram {
        Time begun;
        std::uint64_t fragments = 0;
        std::vector<std::uint8_t> header;  // of the fragment at offset 0
        std::vector<std::uint8_t> data;
        std::vector<std::pair<std::size_t, std::size_t>> runs;  // begin and end, in order
        std::size_t received = 0;
        std::size_t length = 0;
        bool last_seen = false;

        [[nodiscard]] Fit fit(const Fragment& fragment);
        void add(Fragment fragment);

        [[nodiscard]] bool complete() const { return last_seen && received == length; }
    };

    using Datagrams = absl::flat_hash_map<Key, Datagram>;

    static std::optional<Fragment> read(Bytes ip_packet);
    static std::optional<Fragment> read_v4(Bytes ip_packet);
    static std::optional<Fragment> read_v6(Bytes ip_packet);
    [[nodiscard]] Datagrams::iterator datagram_of(const Fragment& fragment, Time time);
    [[nodiscard]] std::optional<Bytes> put_together(Datagram& datagram);
    void give_up(Datagrams::iterator datagram);

    Datagrams datagrams_;
    std::uint64_t waiting_ = 0;  // fragments in `datagrams_`
    std::uint64_t lost_ = 0;
    std::vector<std::uint8_t> whole_;
};

}  // namespace octroi
