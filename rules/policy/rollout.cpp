#include "rules/policy/rollout.hpp"

#include <algorithm>
#include <array>

#include "classifiers/base/byte_reader.hpp"

namespace octroi {
namespace {

constexpr std::size_t v6_network = 8;  // octets of a /64

// FNV-1a (draft-eastlake-fnv): published and fixed, so that gateways of any version agree.
constexpr std::uint64_t fnv_offset = 0xcbf29ce484222325;
constexpr std::uint64_t fnv_prime = 0x100000001b3;

std::uint64_t add(std::uint64_t hash, std::uint8_t octet) {
    return (hash ^ octet) * fnv_prime;
}

// MurmurHash3's finaliser: every bit of the hash reaches the bucket.
std::uint64_t mixed(std::uint64_t hash) {
    hash = (hash ^ hash >> 33U) * 0xff51afd7ed558ccd;
    hash = (hash ^ hash >> 33U) * 0xc4ceb9fe1a85ec53;
    return hash ^ hash >> 33U;
}

}  // namespace

unsigned rollout_bucket(std::string_view rule, const Address& client) {
    std::uint64_t hash = fnv_offset;
    for (const char c : rule)
        hash = add(hash, static_cast<std::uint8_t>(c));
    hash = add(hash, 0);
    const Bytes octets = Bytes(client.bytes);
    for (const std::uint8_t octet : client.is_v4() ? octets : octets.first(v6_network))
        hash = add(hash, octet);
    return static_cast<unsigned>(mixed(hash) % 100);
}

}  // namespace octroi
