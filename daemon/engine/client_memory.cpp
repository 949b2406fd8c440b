#include "daemon/engine/client_memory.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include <absl/hash/hash.h>

#include "classifiers/base/random_secret.hpp"

namespace octroi {
namespace {

constexpr std::int64_t endpoint_lifetime = 120;
constexpr std::int64_t named_lifetime = 300;
constexpr std::int64_t permission_lifetime = 300;
constexpr std::int64_t signalling_lifetime = 3600;  // a call may begin long after its page
constexpr std::size_t groups = 256;
constexpr std::uint32_t shortest_ttl =
    60;  // applications keep addresses longer than the answer allows
constexpr std::uint32_t longest_ttl = 3600;
constexpr unsigned service_bits = 16;
constexpr std::uint64_t service_mask = (1U << service_bits) - 1;
// Of an address that names of different services were given: nobody's, until that is forgotten.
constexpr ServiceId several = service_mask;

}  // namespace

ClientMemory::ClientMemory(std::size_t slots)
    : buckets_(std::bit_ceil(std::max<std::size_t>(slots / ways, 1))),
      per_group_(std::max<std::size_t>(buckets_ / groups, 1)),
      slots_(2 * buckets_ * ways),
      secret_(random_secret()) {}

template <typename... Parts>
ClientMemory::Key ClientMemory::key_of(const Address& client, const Parts&... parts) const {
    const std::uint64_t check = absl::HashOf(secret_, client, parts...);
    const std::size_t group = absl::HashOf(secret_, client) % groups;
    return {.check = check, .bucket = (group * per_group_ + check % per_group_) % buckets_};
}

ClientMemory::Key ClientMemory::resolved_key(const Address& client, const Address& server) const {
    return key_of(client, 'd', server);
}

ClientMemory::Key ClientMemory::named_key(const Address& client, const Address& server) const {
    return key_of(client, 'n', server);
}

ClientMemory::Key ClientMemory::endpoint_key(const Endpoint& client) const {
    return key_of(client.address, 'e', client.port);
}

ClientMemory::Key ClientMemory::peer_key(const Address& client, const Endpoint& peer) const {
    return key_of(client, 'p', peer.address, peer.port);
}

ClientMemory::Key ClientMemory::signalling_key(const Address& client) const {
    const std::uint64_t check = absl::HashOf(secret_, client, 's');
    return {.check = check, .bucket = buckets_ + check % buckets_};
}

ServiceId ClientMemory::either(Key key, ServiceId service, std::int64_t now) const {
    const ServiceId known = load(key, now);
    const bool differs = known != no_service && service != no_service && known != service;
    return differs ? several : service;
}

// In the place of what it replaces, else of what ends first.
void ClientMemory::store(Key key, ServiceId service, std::int64_t expiry) {
    Slot* place = nullptr;
    std::uint64_t ends_first = std::numeric_limits<std::uint64_t>::max();
    for (Slot& slot : bucket(key)) {
        const std::uint64_t value = slot.value.load(std::memory_order_relaxed);
        const bool same = (slot.check.load(std::memory_order_relaxed) ^ value) == key.check;
        if (place != nullptr && !same && value >= ends_first)
            continue;
        place = &slot;
        ends_first = value;
        if (same)
            break;
    }
    const std::uint64_t value = static_cast<std::uint64_t>(expiry) << service_bits | service;
    place->check.store(key.check ^ value, std::memory_order_relaxed);
    place->value.store(value, std::memory_order_relaxed);
}

ServiceId ClientMemory::load(Key key, std::int64_t now) const {
    for (const Slot& slot : bucket(key)) {
        const std::uint64_t value = slot.value.load(std::memory_order_relaxed);
        if ((slot.check.load(std::memory_order_relaxed) ^ value) != key.check || value == 0)
            continue;
        return static_cast<std::int64_t>(value >> service_bits) < now
                   ? no_service
                   : static_cast<ServiceId>(value & service_mask);
    }
    return no_service;
}

void ClientMemory::remember_resolved(const Address& client, const Address& server,
                                     ServiceId service, std::uint32_t ttl, std::int64_t now) {
    const Key key = resolved_key(client, server);
    store(key, either(key, service, now), now + std::clamp(ttl, shortest_ttl, longest_ttl));
}

void ClientMemory::remember_named(const Address& client, const Address& server, ServiceId service,
                                  std::int64_t now) {
    store(named_key(client, server), service, now + named_lifetime);
}

void ClientMemory::remember_endpoint(const Endpoint& client, ServiceId service, std::int64_t now) {
    store(endpoint_key(client), service, now + endpoint_lifetime);
}

void ClientMemory::remember_peer(const Address& client, const Endpoint& peer, ServiceId service,
                                 std::int64_t now) {
    store(peer_key(client, peer), service, now + permission_lifetime);
}

void ClientMemory::remember_signalling(const Address& client, ServiceId service, std::int64_t now) {
    store(signalling_key(client), service, now + signalling_lifetime);
}

Hints ClientMemory::hints(const Endpoint& client, const Endpoint& server, std::int64_t now) const {
    ServiceId resolved = load(resolved_key(client.address, server.address), now);
    if (resolved == no_service)
        resolved = load(named_key(client.address, server.address), now);
    ServiceId call = load(endpoint_key(client), now);
    if (call == no_service)
        call = load(peer_key(client.address, server), now);
    return {.same_endpoint = call,
            .resolved = resolved == several ? no_service : resolved,
            .signalling = load(signalling_key(client.address), now)};
}

}  // namespace octroi
