#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "classifiers/net/flow_key.hpp"
#include "rules/services/catalogue.hpp"

namespace octroi {

/// What flows of a client tell about its other flows, for as long as it is true:
/// - an address that a DNS answer gave for a service's name (the answer's time to live, an hour at
///   most); one that was given for names of several services tells nothing;
/// - an address that the client itself asked for it by name (five minutes), where no answer told
///   of that address;
/// - a UDP port of the client that talks to a service's servers (two minutes);
/// - a service that must stay reachable whose server has taken the client's request (an hour): a
///   call begins by one;
/// - a peer that the client asked a service's relay to let by (five minutes, as RFC 8656 9 has it).
///
/// A fixed number of slots, the newest entry wins: among clients of one group in 256, so that one
/// of them can push out few others' entries. Workers share it, because a client's flows are spread
/// over the queues; it has no lock: an entry that is torn by a concurrent write fails its own check
/// and reads as absent. Keys are 64-bit hashes under a random key of the process.
class ClientMemory {
  public:
    /// `slots` is rounded to a power of two.
    explicit ClientMemory(std::size_t slots = 1UL << 17U);

    void remember_resolved(const Address& client, const Address& server, ServiceId service,
                           std::uint32_t ttl, std::int64_t now);

    /// That the client asked this server for the service by name: less than an answer's
    /// word.
    void remember_named(const Address& client, const Address& server, ServiceId service,
                        std::int64_t now);

    void remember_endpoint(const Endpoint& client, ServiceId service, std::int64_t now);

    void remember_peer(const Address& client, const Endpoint& peer, ServiceId service,
                       std::int64_t now);

    void remember_signalling(const Address& client, ServiceId service, std::int64_t now);

    /// Times are seconds of one clock.
    [[nodiscard]] Hints hints(const Endpoint& client, const Endpoint& server,
                              std::int64_t now) const;

  private:
    struct Slot {
        std::atomic<std::uint64_t> check{0};  ///< key XOR value
        std::atomic<std::uint64_t> value{0};  ///< expiry << 16 | service
    };

    static constexpr std::size_t ways = 4;  ///< slots of a bucket

    /// What is told, and by its client's group where.
    struct Key {
        std::uint64_t check = 0;
        std::size_t bucket = 0;
    };

    [[nodiscard]] std::span<Slot> bucket(Key key) {
        return std::span(slots_).subspan(key.bucket * ways, ways);
    }

    [[nodiscard]] std::span<const Slot> bucket(Key key) const {
        return std::span(slots_).subspan(key.bucket * ways, ways);
    }

    template <typename... Parts>
    [[nodiscard]] Key key_of(const Address& client, const Parts&... parts) const;
    [[nodiscard]] Key resolved_key(const Address& client, const Address& server) const;
    [[nodiscard]] Key named_key(const Address& client, const Address& server) const;
    [[nodiscard]] Key endpoint_key(const Endpoint& client) const;
    [[nodiscard]] Key peer_key(const Address& client, const Endpoint& peer) const;
    [[nodiscard]] Key signalling_key(const Address& client) const;
    [[nodiscard]] ServiceId either(Key key, ServiceId service, std::int64_t now) const;
    void store(Key key, ServiceId service, std::int64_t expiry);
    [[nodiscard]] ServiceId load(Key key, std::int64_t now) const;

    std::size_t buckets_;  ///< and as many behind them for signalling: only its like pushes it out
    std::size_t per_group_;
    std::vector<Slot> slots_;
    std::uint64_t secret_;
};

}  // namespace octroi
