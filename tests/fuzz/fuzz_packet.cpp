// Property: any octets decode or are refused, the payload stays inside the input, both directions
// have one key.
#include "classifiers/net/packet.hpp"
#include "tests/fuzz/property.hpp"

using octroi::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const octroi::Bytes input(data, size);
    const auto packet = octroi::decode_packet(input, {.mark = 7});
    if (!packet)
        return 0;
    require(octroi::fuzz::inside(packet->payload, input));
    require(packet->context.mark == 7);
    require(packet->key.low() <= packet->key.high());
    require(packet->key ==
            octroi::FlowKey(packet->key.protocol(), packet->destination(), packet->source()));
    const bool v4 = packet->is_v4();
    require(v4 == packet->key.high().address.is_v4() || (input[0] >> 4U) == 6);
    return 0;
}
