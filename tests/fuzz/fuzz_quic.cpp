// Property: any datagrams and any authentic frames are read within the budget, which gets
// everything back; a message cut into frames and Initials in any order, some twice, is the message
// itself.
#include <algorithm>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "classifiers/quic/quic_hello.hpp"
#include "tests/fuzz/property.hpp"
#include "tests/unit/quic_wire.hpp"

using octroi::Bytes;
using octroi::MemoryBudget;
using octroi::fuzz::inside;
using octroi::fuzz::require;
using octroi::quic::Hello;
using octroi::quic::Opener;
using octroi::wire::Buffer;
using octroi::wire::initial;

namespace {

const octroi::quic::Peers peers{
    .client = octroi::v4_address({10, 0, 0, 1}),
    .server = {.address = octroi::v4_address({192, 0, 2, 1}), .port = 443}};
constexpr std::size_t crypto_limit = 256UL * 1024;

Opener& opener() {
    static Opener shared;
    return shared;
}

void check_header(Bytes datagram) {
    const auto header = octroi::quic::read_long_header(datagram);
    if (!header)
        return;
    require(inside(header->packet, datagram) && !header->packet.empty());
    require(header->packet_number_offset <= header->packet.size());
    require(inside(header->destination_connection_id, header->packet));
    require(inside(header->source_connection_id, header->packet));
}

// Octets as they come, or as the frames of an authentic packet of one of a few connections.
Buffer datagram_of(FuzzedDataProvider& input, std::uint32_t number) {
    const auto version = input.ConsumeBool() ? octroi::wire::quic_v1 : octroi::wire::quic_v2;
    const bool sealed = input.ConsumeIntegralInRange(0, 3) != 0;
    const Buffer id(8, input.ConsumeIntegralInRange<std::uint8_t>(0, 5));
    const std::size_t size = input.ConsumeIntegralInRange<std::size_t>(0, 4000);
    const Buffer octets = input.ConsumeBytes<std::uint8_t>(size);
    if (!sealed)
        return octets;
    return initial({.version = version, .destination = id, .number = number}, octets);
}

void feed_anything(FuzzedDataProvider& input) {
    MemoryBudget budget(crypto_limit);
    {
        Hello hello;
        for (std::uint32_t number = 0; number < 40 && input.remaining_bytes() > 0; ++number) {
            const Buffer datagram = datagram_of(input, number);
            check_header(datagram);
            const Hello::Result result = hello.feed(peers, datagram, opener(), budget);
            require(budget.used() <= crypto_limit);
            require(result != Hello::Result::complete || hello.any());
            if (result == Hello::Result::complete) {
                const Bytes message = hello.message();
                require(message.size() >= 4);
                require(message.size() <= octroi::TcpStream::capacity + datagram.size());
            }
            if (result != Hello::Result::no_quic && result != Hello::Result::opened)
                break;
        }
    }
    require(budget.used() == 0);
}

std::vector<Buffer> cut(FuzzedDataProvider& input, const Buffer& message) {
    std::vector<Buffer> frames;
    for (std::size_t from = 0; from < message.size();) {
        const std::size_t most = std::min<std::size_t>(message.size() - from, 1000);
        const std::size_t least = std::min<std::size_t>(most, message.size() / 100);
        const std::size_t length =
            input.ConsumeIntegralInRange<std::size_t>(std::max<std::size_t>(1, least), most);
        frames.push_back(octroi::wire::crypto_frame(from, Bytes(message).subspan(from, length)));
        if (input.ConsumeIntegralInRange(0, 7) == 1)
            frames.push_back(frames.back());
        from += length;
    }
    for (std::size_t i = frames.size(); i > 1; --i)
        std::swap(frames[i - 1], frames[input.ConsumeIntegralInRange<std::size_t>(0, i - 1)]);
    return frames;
}

void feed_pieces(FuzzedDataProvider& input) {
    const Buffer body =
        input.ConsumeBytes<std::uint8_t>(std::min<std::size_t>(4000, input.remaining_bytes() / 2));
    const Buffer message = octroi::wire::Fields().u8(1).vector24(body).take();
    std::vector<Buffer> payloads(input.ConsumeIntegralInRange<std::size_t>(1, 8));
    for (const Buffer& frame : cut(input, message)) {
        Buffer& payload =
            payloads[input.ConsumeIntegralInRange<std::size_t>(0, payloads.size() - 1)];
        payload.resize(payload.size() + input.ConsumeIntegralInRange<std::size_t>(0, 3),
                       octroi::wire::padding_frame);
        payload.insert(payload.end(), frame.begin(), frame.end());
    }
    MemoryBudget budget(crypto_limit);
    Hello hello;
    std::uint32_t number = 0;
    Hello::Result result = Hello::Result::opened;
    for (const Buffer& payload : payloads)
        if (result == Hello::Result::opened)
            result = hello.feed(peers, initial({.number = number++}, payload), opener(), budget);
    require(result == Hello::Result::complete);
    require(std::ranges::equal(hello.message(), message));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    opener().memory = {};  // what an input before sent on the same connection would contradict
    if (input.ConsumeBool())
        feed_anything(input);
    else
        feed_pieces(input);
    return 0;
}
