// Property: the innermost packet is the end of the given one, or a part of it; it is the given one
// or a packet that can be decoded; and tunnels around it change it only beyond four.
#include <vector>

#include "classifiers/packet.hpp"
#include "daemon/decapsulation.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::decode_packet;
using octroi::innermost_packet;
using octroi::fuzz::inside;
using octroi::fuzz::require;

namespace {

constexpr std::size_t most_payload = 65535 - 20;

// IPv4 in IPv4 (RFC 2003 3.1).
std::vector<std::uint8_t> wrapped(Bytes packet) {
    const std::size_t length = 20 + packet.size();
    std::vector<std::uint8_t> outer = {0x45, 0, static_cast<std::uint8_t>(length >> 8U),
                                       static_cast<std::uint8_t>(length)};
    outer.insert(outer.end(), {0, 0, 0, 0, 64, 4, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2});
    outer.insert(outer.end(), packet.begin(), packet.end());
    return outer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes packet(data, size);
    const Bytes found = innermost_packet(packet);
    require(inside(found, packet));
    const bool same = found.data() == data && found.size() == size;
    require(same || decode_packet(found, {}).has_value());
    require(innermost_packet(packet).data() == found.data());
    if (!same || size > most_payload || !decode_packet(packet, {}))
        return 0;
    const std::vector<std::uint8_t> outer = wrapped(packet);
    const Bytes again = innermost_packet(outer);
    require(again.data() == outer.data() + 20);
    return 0;
}
