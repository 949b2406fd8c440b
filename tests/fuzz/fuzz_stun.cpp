// Property: any octets are a message or none, its views lie inside, and a message with a cookie is
// the same in a stream.
#include <algorithm>

#include "classifiers/clear/stun.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::fuzz::inside;
using octroi::fuzz::require;
using octroi::stun::parse;
using octroi::stun::stream_message_size;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input(data, size);
    const auto message = parse(input);
    if (message) {
        require(message->type < 0x4000 && size >= 20);
        require(inside(message->realm, input));
        require(inside(message->software, input));
    }
    const auto announced = stream_message_size(input);
    if (!announced)
        return 0;
    require(*announced >= 20 && *announced < 20 + 65536);
    require(message.has_value() == (*announced <= size));
    if (!message)
        return 0;
    require(!message->classic);
    const auto alone = parse(input.first(*announced));
    require(alone.has_value());
    require(std::ranges::equal(alone->realm, message->realm));
    require(std::ranges::equal(alone->software, message->software));
    require(alone->peer == message->peer);
    return 0;
}
