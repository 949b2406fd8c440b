// Property: the innermost packet is the end of the given one, or a part of it; it is the given one
// or a packet that can be decoded; tunnels around it change it only beyond four; and cut into
// fragments it is the same.
#include <algorithm>
#include <vector>

#include "classifiers/net/checksums.hpp"
#include "classifiers/net/decapsulation.hpp"
#include "classifiers/net/packet.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::Decapsulator;
using octroi::decode_packet;
using octroi::fuzz::inside;
using octroi::fuzz::require;

namespace {

constexpr std::size_t most_payload = 65535 - 20;

std::uint8_t octet(std::size_t value) {
    return static_cast<std::uint8_t>(value & 0xffU);
}

// IPv4 (RFC 791 3.1), protocol 4: IPv4 in IPv4 (RFC 2003 3.1).
std::vector<std::uint8_t> wrapped(Bytes packet, std::size_t fragment = 0) {
    const std::size_t length = 20 + packet.size();
    std::vector<std::uint8_t> outer = {0x45, 0, octet(length >> 8U), octet(length), 0, 1};
    outer.insert(outer.end(), {octet(fragment >> 8U), octet(fragment), 64, 4, 0, 0});
    outer.insert(outer.end(), {10, 0, 0, 1, 10, 0, 0, 2});
    outer.insert(outer.end(), packet.begin(), packet.end());
    return outer;
}

// What is found inside must not depend on how the outer packet travelled.
void check_fragments(Bytes packet, Bytes found) {
    const std::size_t cut = packet.size() / 16 * 8;
    if (cut == 0)
        return;
    Decapsulator decapsulator;
    require(!decapsulator.innermost(wrapped(packet.subspan(cut), cut / 8), {}));
    const auto first = wrapped(packet.first(cut), 0x2000);
    const auto again = decapsulator.innermost(first, {});
    require(again && std::ranges::equal(*again, found));
    require(decapsulator.lost_fragments() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes packet(data, size);
    Decapsulator decapsulator;
    const auto found = decapsulator.innermost(packet, {});
    if (!found) {
        require(decapsulator.lost_fragments() == 1);
        return 0;
    }
    require(inside(*found, packet));
    const bool same = found->data() == data && found->size() == size;
    const auto decoded = decode_packet(*found, {});
    if (decoded)
        static_cast<void>(octroi::checksums_of(*decoded, *found));
    if (!same || size > most_payload || !decode_packet(packet, {}))
        return 0;
    const std::vector<std::uint8_t> outer = wrapped(packet);
    Decapsulator other;
    const auto again = other.innermost(outer, {});
    require(again && again->data() == outer.data() + 20);
    check_fragments(packet, *again);
    return 0;
}
