#include "rules/client_memory.hpp"

#include <algorithm>
#include <bit>

#include <absl/hash/hash.h>

#include "rules/random_secret.hpp"

namespace octroi {
namespace {

constexpr std::int64_t endpoint_lifetime = 120;
constexpr std::int64_t named_lifetime = 300;
constexpr std::int64_t permission_lifetime = 300;
constexpr std::int64_t signalling_lifetime = 300;
constexpr std::uint32_t shortest_ttl =
    60;  // applications keep addresses longer than the answer allows
constexpr std::uint32_t longest_ttl = 3600;
constexpr unsigned service_bits = 16;
constexpr std::uint64_t service_mask = (1U << service_bits) - 1;
// Of an address that names of different services were given: nobody's, until that is forgotten.
constexpr ServiceId several = service_mask;

}  // namespace

ClientMemory::ClientMemory(std::size_t slots)
    : slots_(std::bit_ceil(std::max<std::size_t>(slots, 2))), secret_(random_secret()) {}

std::uint64_t ClientMemory::resolved_key(const Address& client, const Address& server) const {
    return absl::HashOf(secret_, 'd', client, server);
}

std::uint64_t ClientMemory::named_key(const Address& client, const Address& server) const {
    return absl::HashOf(secret_, 'n', client, server);
}

std::uint64_t ClientMemory::endpoint_key(const Endpoint& client) const {
    return absl::HashOf(secret_, 'e', client.address, client.port);
}

std::uint64_t ClientMemory::peer_key(const Address& client, const Endpoint& peer) const {
    return absl::HashOf(secret_, 'p', client, peer.address, peer.port);
}

std::uint64_t ClientMemory::signalling_key(const Address& client) const {
    return absl::HashOf(secret_, 's', client);
}

ServiceId ClientMemory::either(std::uint64_t key, ServiceId service, std::int64_t now) const {
    const ServiceId known = load(key, now);
    const bool differs = known != no_service && service != no_service && known != service;
    return differs ? several : service;
}

void ClientMemory::store(std::uint64_t key, ServiceId service, std::int64_t expiry) {
    Slot& slot = slots_[key & (slots_.size() - 1)];
    const std::uint64_t value = static_cast<std::uint64_t>(expiry) << service_bits | service;
    slot.check.store(key ^ value, std::memory_order_relaxed);
    slot.value.store(value, std::memory_order_relaxed);
}

ServiceId ClientMemory::load(std::uint64_t key, std::int64_t now) const {
    const Slot& slot = slots_[key & (slots_.size() - 1)];
    const std::uint64_t value = slot.value.load(std::memory_order_relaxed);
    if ((slot.check.load(std::memory_order_relaxed) ^ value) != key || value == 0)
        return no_service;
    return static_cast<std::int64_t>(value >> service_bits) < now
               ? no_service
               : static_cast<ServiceId>(value & service_mask);
}

void ClientMemory::remember_resolved(const Address& client, const Address& server,
                                     ServiceId service, std::uint32_t ttl, std::int64_t now) {
    const std::uint64_t key = resolved_key(client, server);
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
